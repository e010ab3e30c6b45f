"""How the machine's processors are run, and what a run there has to bear in mind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Acceleration:
    """One way to run the machine's processors.

    `arguments` are QEMU's, `kernel_line` is added to the kernel's. `preparation` are commands that the machine runs
    before the suites. `patience` is how many times longer set-up and waits may take, `workers` the cluster's size.
    """

    arguments: tuple[str, ...]
    patience: int
    workers: int
    kernel_line: str = ""
    preparation: str = ""


KVM = Acceleration(("-accel", "kvm", "-cpu", "host"), patience=1, workers=2)

LONGER_TURNS = """\
for limit in min_granularity_ns wakeup_granularity_ns latency_ns; do
  file=/sys/kernel/debug/sched/$limit
  echo $(( $(cat $file) * 20 )) > $file
done
"""
"""Let each program run 20 times as long before another has its turn: https://docs.kernel.org/scheduler/sched-design-CFS.html.

For an emulated processor a change of programs costs most of all, since it forgets what it has translated addresses to.
"""

EMULATION = Acceleration(
    ("-accel", "tcg,thread=multi,tb-size=2048", "-cpu", "max"),
    patience=8,
    workers=1,
    # Without tsc=reliable the kernel takes its clock from a device (HPET), through the one lock of all of QEMU, at each
    # reading; with highres=off timers end at the kernel's ticks, of 4 ms, many at once. An idle cluster of three nodes
    # keeps two processors 95% busy without these two and longer turns, and about 50% with them.
    kernel_line="tsc=reliable highres=off",
    preparation=LONGER_TURNS,
)
