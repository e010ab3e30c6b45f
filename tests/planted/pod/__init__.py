"""Programs that run in pods, by Debian's Python alone."""
