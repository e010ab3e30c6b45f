"""Add-ons of every kind cluster: pod network, DNS, metrics and leak guard, and the checks that each of them works."""
