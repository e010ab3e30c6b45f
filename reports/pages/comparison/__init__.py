"""The page of compared runs."""
