"""What people and programs see of the verdicts: `follow`, the web page, the metrics."""
