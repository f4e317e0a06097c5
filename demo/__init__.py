"""The whole system on one machine, with a simulated printer: what `make demo` runs."""
