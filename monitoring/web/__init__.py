"""The page: FastAPI, Jinja, server-sent events; no build step, nothing from elsewhere."""
