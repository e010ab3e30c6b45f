"""Commands about the results of runs: compare them, follow them over time, make their pages, and make the runs."""
