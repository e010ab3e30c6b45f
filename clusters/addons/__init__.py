"""What every cluster gets beyond Kubernetes itself: pod network, DNS, metrics, leak guard, and the proofs of each."""
