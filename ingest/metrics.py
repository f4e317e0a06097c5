"""What ingest counts. Labels are closed sets or the printer's name; never a layer, a build or a file."""

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram

from layerwatch.layers import Stage


class Outcome(StrEnum):
    COMPLETE = "complete"  # queued, nothing is known against it
    INCOMPLETE = "incomplete"  # queued without a light that never came
    DUPLICATE = "duplicate"  # queued with a frame that repeats the layer before
    UNEQUAL = "unequal"  # queued with pictures that differ in size or depth
    UNUSABLE = "unusable"  # queued with a file that is too large or cannot be read
    KNOWN = "known"  # has its verdict, or its job, already
    RESTORED = "restored"  # its verdict was on disk, the ledger did not know it
    REFUSED = "refused"  # no message could be made of it


QUEUED = frozenset({Outcome.COMPLETE, Outcome.INCOMPLETE, Outcome.DUPLICATE, Outcome.UNEQUAL, Outcome.UNUSABLE})

FILES_SETTLED = Counter("layerwatch_ingest_files_settled_total", "Pictures found finished.", ["printer"])
FILES_IGNORED = Gauge(
    "layerwatch_ingest_files_ignored", "Entries of the folder that are left alone, by why.", ["printer", "reason"]
)
LAYER_SETS = Counter("layerwatch_ingest_layer_sets_total", "Layer sets by outcome.", ["printer", "stage", "outcome"])
PENDING_FILES = Gauge(
    "layerwatch_ingest_pending_files", "Pictures seen that are not known to be finished.", ["printer"]
)
PENDING_SETS = Gauge(
    "layerwatch_ingest_pending_layer_sets",
    "Layer sets that wait for a light, for Redis, for the object store, or for room on the queue.",
    ["printer", "reason"],
)
QUEUE_DEPTH = Gauge("layerwatch_queue_depth", "Inspections that wait on the queue.")
PICTURE_BYTES = Gauge("layerwatch_pictures_bytes", "Bytes of pictures that lie in Redis for workers.")
SOURCE_UP = Gauge("layerwatch_ingest_source_up", "1 while the watched folder can be listed.", ["printer"])
SOURCE_SILENT = Gauge(
    "layerwatch_ingest_source_silent",
    "1 while no new layer has come for longer than the last ones took.",
    ["printer"],
)
IRREGULAR_LAYERS = Gauge(
    "layerwatch_ingest_irregular_layers",
    "Layers missing now, and layers out of order or repeated since the start.",
    ["printer", "irregularity"],
)
SCAN_SECONDS = Gauge("layerwatch_ingest_scan_seconds", "How long the last scan of the folder took.", ["printer"])
FILE_TO_QUEUED_SECONDS = Histogram(
    "layerwatch_ingest_file_to_queued_seconds",
    "Last picture of a live layer set written to its job queued.",
    ["printer", "stage"],
    buckets=(0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300),
)
SETTLED_TO_QUEUED_SECONDS = Histogram(
    "layerwatch_ingest_settled_to_queued_seconds",
    "Live layer set ready to its job queued.",
    ["printer", "stage"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 10, 60, 300),
)


def begin(printer: str) -> None:
    """Have the counts of a printer there from the start: one that begins with its first event shows no increase."""
    FILES_SETTLED.labels(printer)
    for stage in Stage:
        for outcome in Outcome:
            LAYER_SETS.labels(printer, stage, outcome)
