"""Charts: Vega-Lite specifications, each with its figures as a table."""
