"""Numbers that survive an argument: histograms, intervals, slopes, each with the source of its method."""
