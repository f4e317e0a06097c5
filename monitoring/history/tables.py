"""The tables of the history. What people may ask with SQL is described in docs/history.md."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    ScalarSelect,
    String,
    Table,
    Text,
    UniqueConstraint,
    select,
)

from layerwatch.layers import Stage
from layerwatch.verdict import Decision
from monitoring.history.columns import Moment, id_column, words_of

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

builds = Table(
    "builds",
    metadata,
    id_column(),
    Column("printer", String(64), nullable=False),
    Column("name", String(128), nullable=False),
    Column("first_captured", Moment, nullable=False),
    Column("last_captured", Moment, nullable=False),
    Column("last_published", Moment, nullable=False),
    UniqueConstraint("printer", "name"),
    Index(None, "last_published"),
    Index(None, "printer", "last_published"),
)

models = Table(
    "models",
    metadata,
    id_column(),
    Column("bundle", Text, nullable=False),
    Column("precision", String(16), nullable=False),
    Column("backend", Text, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("sha256", String(64), nullable=False),
    UniqueConstraint("sha256", "bundle", "precision", "backend", "threshold"),
)

# A row is one layer in one stage, as its newest revision says; the printer stands here too, for the newest of one.
layers = Table(
    "layers",
    metadata,
    id_column(),
    Column("build_id", ForeignKey("builds.id"), nullable=False),
    Column("printer", String(64), nullable=False),
    Column("layer", Integer, nullable=False),
    Column("stage", words_of(Stage), nullable=False),
    Column("inspection", String(256), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("decision", words_of(Decision), nullable=False),
    Column("max_confidence", Float, nullable=False),
    Column("defect_area_ratio", Float, nullable=False),
    Column("defect_area_mm2", Float),
    Column("regions", Integer, nullable=False),
    Column("regions_truncated", Boolean, nullable=False),
    Column("captured", Moment, nullable=False),
    Column("published", Moment, nullable=False),
    UniqueConstraint("build_id", "layer", "stage"),
    Index(None, "printer", "published"),
    Index(None, "published"),
    Index(None, "build_id", "captured", "stage", "decision"),
)

# Each verdict that was ever published, with its body to the letter.
revisions = Table(
    "revisions",
    metadata,
    id_column(),
    Column("layer_id", ForeignKey("layers.id"), nullable=False),
    Column("inspection", String(256), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("decision", words_of(Decision), nullable=False),
    Column("model_id", ForeignKey("models.id")),
    Column("captured", Moment, nullable=False),
    Column("published", Moment, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("inspection"),
    Index(None, "layer_id", "revision"),
)

regions = Table(
    "regions",
    metadata,
    Column("revision_id", ForeignKey("revisions.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("x", Integer, nullable=False),
    Column("y", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("area_px", Integer, nullable=False),
    Column("area_mm2", Float),
    Column("max_confidence", Float, nullable=False),
    Column("mean_confidence", Float, nullable=False),
    Column("lights", JSON(none_as_null=True)),
)

# Layers of a build that were captured in an hour, by stage and decision: computed from `layers`, never counted along.
tallies = Table(
    "tallies",
    metadata,
    Column("build_id", ForeignKey("builds.id"), primary_key=True),
    Column("hour", Moment, primary_key=True),
    Column("stage", words_of(Stage), primary_key=True),
    Column("decision", words_of(Decision), primary_key=True),
    Column("layers", Integer, nullable=False),
    Index(None, "hour"),
)

# What is taken back stays, with who took it back; readers leave it out.
corrections = Table(
    "corrections",
    metadata,
    id_column(),
    Column("inspection", String(256), nullable=False),
    Column("printer", String(64), nullable=False),
    Column("build", String(128), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("points", JSON, nullable=False),
    Column("author", String(128), nullable=False),
    Column("note", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("undone", Moment),
    Column("undone_by", String(128)),
    Index(None, "printer", "build"),
    Index(None, "inspection"),
)

acknowledgements = Table(
    "acknowledgements",
    metadata,
    id_column(),
    Column("subject", String(320), nullable=False),
    Column("printer", String(64), nullable=False),
    Column("build", String(128), nullable=False),
    Column("author", String(128), nullable=False),
    Column("note", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("undone", Moment),
    Column("undone_by", String(128)),
    Index(None, "printer", "build"),
    Index(None, "subject"),
)

events = Table(
    "events",
    metadata,
    Column("id", String(320), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("printer", String(64), nullable=False),
    Column("build", String(128), nullable=False),
    Column("layer", Integer),
    Column("published", Moment, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "printer", "build", "published"),
    Index(None, "published"),
)

# One row: how far the stream is written, and whether the artifacts have to be read for what it no longer holds.
progress = Table(
    "progress",
    metadata,
    Column("stream", String(128), primary_key=True),
    Column("cursor", String(64), nullable=False),
    Column("entries", BigInteger),
    Column("gaps", Integer, nullable=False),
    Column("gaps_filled", Integer, nullable=False),
)


def build_id_of(printer: str, name: str) -> ScalarSelect[int]:
    """Return a build's id, for use in a condition."""
    return select(builds.c.id).where(builds.c.printer == printer, builds.c.name == name).scalar_subquery()
