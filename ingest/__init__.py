"""New files in a printer's folder become layer sets, and layer sets become jobs on the queue."""
