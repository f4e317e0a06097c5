"""How fast this machine is at it: what `make bench` runs. Nothing here is a test."""
