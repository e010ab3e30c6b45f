"""What runs inside the guest: its first process, which starts kube-proxy and answers questions.

Its root is the container's file system, read-only. It mounts its own /proc, /sys, /dev and /tmp, and
leaves /run alone: kube-proxy's service account token is there.
"""
