"""An ordinary Linux host in a virtual machine: systemd, cgroup v2, all capabilities, Docker as a service, kernel modules.

`pytest tests/normal_host` (`tox -e normal-host`) boots it once a mode and runs suites in it, natively:

1. `machine` makes root disk, kernel and initrd from Debian's packages, once.
2. `images` makes a disk with the Docker data of the images that a run needs; they are built outside and loaded once.
3. `guest` lays out a disk with this checkout and its Python packages, boots, and reads back what the run has left.

Nothing in the machine reaches a network. Under emulation everything is several times slower; no time is measured there.
"""
