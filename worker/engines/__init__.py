"""The libraries that run a network, behind one small port."""
