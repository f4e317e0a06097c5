"""Pictures of every page: a plant prints, workers judge, a browser looks."""
