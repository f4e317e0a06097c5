"""What an answer says that is not what was asked for."""

from layerwatch.wire import Part


class Problem(Part):
    """What was wrong, in words that say what to do."""

    detail: str
