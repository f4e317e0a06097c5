"""The running builds at a glance."""
