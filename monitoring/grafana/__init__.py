"""The Grafana dashboard, generated: `rows.py` says what it shows, `python -m monitoring.grafana` writes it as JSON."""
