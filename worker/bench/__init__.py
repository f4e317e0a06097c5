"""`python -m worker bench`: where the time of an inspection goes on this machine."""
