"""The means of planting: each plants one kind of defect in a cluster, waits until it is in place, and removes it."""
