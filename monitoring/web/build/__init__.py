"""All builds, and one build: pages and their API."""
