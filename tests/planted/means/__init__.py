"""How faults get into a cluster: each means plants one kind of defect, sees it in place, and takes it away."""
