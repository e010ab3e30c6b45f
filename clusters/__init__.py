"""Clusters: their description, creation, use and removal. Independent of tests, cases and reports."""
