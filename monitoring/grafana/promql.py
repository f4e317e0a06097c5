"""Pieces of queries that several panels share."""

PRINTER = 'printer=~"$printer"'  # of the variable on top of the page
BUNDLE = 'bundle=~"$bundle"'
RATE = "$__rate_interval"


def quantile(share: float, bucket: str, *labels: str) -> str:
    """Return the value below which so large a share of observations lies, for each value of the labels.

    Args:
        share: from 0 to 1.
        bucket: the series of a histogram's buckets.
        labels: that are kept.
    """
    return f"histogram_quantile({share}, sum by ({', '.join(('le', *labels))}) (rate({bucket}[{RATE}])))"
