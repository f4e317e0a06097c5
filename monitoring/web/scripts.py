"""The scripts of a page, named so that a browser fetches all at once and not one behind the other."""

from importlib import resources

SHARED = ("elements.js", "server_events.js", "times.js", "words.js")


def scripts_of(*folders: str) -> tuple[str, ...]:
    """Return the addresses of the scripts in some folders, and of those that they share."""
    static = resources.files("monitoring.web") / "static"
    own = (f"{folder}/{file.name}" for folder in folders for file in (static / folder).iterdir())
    return tuple(f"/static/{name}" for name in (*SHARED, *sorted(own)))
