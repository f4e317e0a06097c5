"""The history: every verdict once in a database, from the stream or from the artifacts alone."""
