"""The kind program: which versions fit a Kubernetes version, and how one is found or built."""
