"""What a cluster is and how one comes to be. Knows nothing of tests, cases or reports."""
