"""One invocation: what was asked for, who owns the cluster, what became of the cases."""
