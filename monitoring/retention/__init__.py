"""Retention: what is removed to make room, and what never is."""
