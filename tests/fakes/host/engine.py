"""The output of `docker info` on a host that can run every mode."""

KERNEL = "6.1.0-13-amd64"
DOCKER_INFO = {
    "ServerVersion": "28.2.2",
    "CgroupVersion": "2",
    "KernelVersion": KERNEL,
    "Architecture": "x86_64",
    "DockerRootDir": "/var/lib/docker",
    "DefaultRuntime": "runc",
    "SecurityOptions": ["name=seccomp,profile=builtin"],
}
