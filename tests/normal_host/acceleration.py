"""KVM and emulation: QEMU's arguments for each, and settings that fit the machine's speed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Acceleration:
    """One way to run the machine's CPUs: by KVM or by emulation.

    `arguments` are passed to QEMU; `kernel_line` is appended to the kernel's command line. `preparation` is a shell
    script that the machine runs before the suites. `patience` is the factor for deadlines, `workers` the number of
    worker nodes.
    """

    arguments: tuple[str, ...]
    patience: int
    workers: int
    kernel_line: str = ""
    preparation: str = ""


KVM = Acceleration(("-accel", "kvm", "-cpu", "host"), patience=1, workers=2)

COARSE_SCHEDULING = """\
for limit in min_granularity_ns wakeup_granularity_ns latency_ns; do
  file=/sys/kernel/debug/sched/$limit
  echo $(( $(cat $file) * 20 )) > $file
done
"""
"""Raise the scheduler's granularity 20 times: https://docs.kernel.org/scheduler/sched-design-CFS.html.

Context switches are expensive under emulation, because QEMU flushes its software TLB at each one.
"""

EMULATION = Acceleration(
    ("-accel", "tcg,thread=multi,tb-size=2048", "-cpu", "max"),
    patience=8,
    workers=1,
    # Without tsc=reliable the clocksource is the HPET, a device that QEMU emulates under one global lock. With
    # highres=off there are no high-resolution timers: timers expire together at ticks of 4 ms, with fewer interrupts.
    kernel_line="tsc=reliable highres=off",
    preparation=COARSE_SCHEDULING,
)
