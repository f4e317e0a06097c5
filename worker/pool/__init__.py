"""A pool: several workers on one machine, each a process of its own, looked after by one that inspects nothing."""
