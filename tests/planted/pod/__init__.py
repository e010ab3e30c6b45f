"""Programs that run in pods, with only Debian's Python and its standard library."""
