"""What the simulator counts."""

from prometheus_client import Counter

SIMULATED_LAYERS = Counter("layerwatch_simulated_layers_total", "Layer sets written by the simulator.", ["stage"])
