"""An ordinary Linux host in a virtual machine: systemd, cgroup v2, all capabilities, Docker service, kernel modules.

`pytest tests/normal_host` (`tox -e normal-host`) boots it once for each mode and runs suites in it, natively:

1. `machine` makes root disk, kernel and initrd from Debian packages, once.
2. `images` makes a disk with Docker's data directory. The images that a run needs are built outside the machine and
   loaded once.
3. `guest` makes a disk with this checkout and its Python packages, boots the machine, and reads the results back.

The machine has no network. Under emulation everything is several times slower, so no durations are measured there.
"""
