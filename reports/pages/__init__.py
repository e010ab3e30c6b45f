"""HTML pages for people: one self-contained file each."""
