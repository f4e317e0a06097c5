"""What several layers say together: marks that stay, series of bad layers, drift; see docs/over-layers.md."""
