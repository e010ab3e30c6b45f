"""The programs that run in the guest: its first process, which starts kube-proxy and handles requests.

The guest's root is the container's file system, read-only. The guest mounts its own /proc, /sys, /dev and /tmp, but
not /run, because kube-proxy's service account token is there.
"""
