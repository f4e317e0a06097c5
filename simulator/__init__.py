"""A printer that does not exist: layers as a machine would picture them, with the truth beside them."""
