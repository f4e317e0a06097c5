"""Inspects layer sets: takes jobs from the queue and publishes verdicts."""
