"""What a run found, as plain records, and the writers that show them. Knows nothing of clusters or pytest cases."""
