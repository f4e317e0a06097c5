"""The rows of the dashboard, from the whole plant down to the machines."""

from monitoring.grafana.rows import latency, model, overview, quality, queue, system

ROWS = (overview.ROW, latency.ROW, quality.ROW, queue.ROW, model.ROW, system.ROW)
