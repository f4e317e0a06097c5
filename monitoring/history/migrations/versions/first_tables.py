"""The first tables of the history."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
WORD = sa.String(16)


def upgrade() -> None:
    op.create_table(
        "acknowledgements",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject", sa.String(length=320), nullable=False),
        sa.Column("printer", sa.String(length=64), nullable=False),
        sa.Column("build", sa.String(length=128), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_acknowledgements"),
    )
    op.create_index("ix_acknowledgements_printer_build", "acknowledgements", ["printer", "build"])
    op.create_index("ix_acknowledgements_subject", "acknowledgements", ["subject"])
    op.create_table(
        "builds",
        sa.Column("id", ID, nullable=False),
        sa.Column("printer", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("first_captured", MOMENT, nullable=False),
        sa.Column("last_captured", MOMENT, nullable=False),
        sa.Column("last_published", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_builds"),
        sa.UniqueConstraint("printer", "name", name="uq_builds_printer_name"),
    )
    op.create_index("ix_builds_last_published", "builds", ["last_published"])
    op.create_index("ix_builds_printer_last_published", "builds", ["printer", "last_published"])
    op.create_table(
        "corrections",
        sa.Column("id", ID, nullable=False),
        sa.Column("inspection", sa.String(length=256), nullable=False),
        sa.Column("printer", sa.String(length=64), nullable=False),
        sa.Column("build", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
    )
    op.create_index("ix_corrections_inspection", "corrections", ["inspection"])
    op.create_index("ix_corrections_printer_build", "corrections", ["printer", "build"])
    op.create_table(
        "events",
        sa.Column("id", sa.String(length=320), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("printer", sa.String(length=64), nullable=False),
        sa.Column("build", sa.String(length=128), nullable=False),
        sa.Column("layer", sa.Integer(), nullable=True),
        sa.Column("published", MOMENT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_index("ix_events_printer_build_published", "events", ["printer", "build", "published"])
    op.create_index("ix_events_published", "events", ["published"])
    op.create_table(
        "models",
        sa.Column("id", ID, nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("precision", sa.String(length=16), nullable=False),
        sa.Column("backend", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint(
            "sha256",
            "bundle",
            "precision",
            "backend",
            "threshold",
            name="uq_models_sha256_bundle_precision_backend_threshold",
        ),
    )
    op.create_table(
        "progress",
        sa.Column("stream", sa.String(length=128), nullable=False),
        sa.Column("cursor", sa.String(length=64), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=True),
        sa.Column("gaps", sa.Integer(), nullable=False),
        sa.Column("gaps_filled", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("stream", name="pk_progress"),
    )
    op.create_table(
        "layers",
        sa.Column("id", ID, nullable=False),
        sa.Column("build_id", ID, nullable=False),
        sa.Column("printer", sa.String(length=64), nullable=False),
        sa.Column("layer", sa.Integer(), nullable=False),
        sa.Column("stage", WORD, nullable=False),
        sa.Column("inspection", sa.String(length=256), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("decision", WORD, nullable=False),
        sa.Column("max_confidence", sa.Float(), nullable=False),
        sa.Column("defect_area_ratio", sa.Float(), nullable=False),
        sa.Column("defect_area_mm2", sa.Float(), nullable=True),
        sa.Column("regions", sa.Integer(), nullable=False),
        sa.Column("regions_truncated", sa.Boolean(), nullable=False),
        sa.Column("captured", MOMENT, nullable=False),
        sa.Column("published", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["build_id"], ["builds.id"], name="fk_layers_build_id"),
        sa.PrimaryKeyConstraint("id", name="pk_layers"),
        sa.UniqueConstraint("build_id", "layer", "stage", name="uq_layers_build_id_layer_stage"),
    )
    op.create_index(
        "ix_layers_build_id_captured_stage_decision", "layers", ["build_id", "captured", "stage", "decision"]
    )
    op.create_index("ix_layers_printer_published", "layers", ["printer", "published"])
    op.create_index("ix_layers_published", "layers", ["published"])
    op.create_table(
        "tallies",
        sa.Column("build_id", ID, nullable=False),
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("stage", WORD, nullable=False),
        sa.Column("decision", WORD, nullable=False),
        sa.Column("layers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["build_id"], ["builds.id"], name="fk_tallies_build_id"),
        sa.PrimaryKeyConstraint("build_id", "hour", "stage", "decision", name="pk_tallies"),
    )
    op.create_index("ix_tallies_hour", "tallies", ["hour"])
    op.create_table(
        "revisions",
        sa.Column("id", ID, nullable=False),
        sa.Column("layer_id", ID, nullable=False),
        sa.Column("inspection", sa.String(length=256), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("decision", WORD, nullable=False),
        sa.Column("model_id", ID, nullable=True),
        sa.Column("captured", MOMENT, nullable=False),
        sa.Column("published", MOMENT, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["layer_id"], ["layers.id"], name="fk_revisions_layer_id"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_revisions_model_id"),
        sa.PrimaryKeyConstraint("id", name="pk_revisions"),
        sa.UniqueConstraint("inspection", name="uq_revisions_inspection"),
    )
    op.create_index("ix_revisions_layer_id_revision", "revisions", ["layer_id", "revision"])
    op.create_table(
        "regions",
        sa.Column("revision_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("area_px", sa.Integer(), nullable=False),
        sa.Column("area_mm2", sa.Float(), nullable=True),
        sa.Column("max_confidence", sa.Float(), nullable=False),
        sa.Column("mean_confidence", sa.Float(), nullable=False),
        sa.Column("lights", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name="fk_regions_revision_id"),
        sa.PrimaryKeyConstraint("revision_id", "number", name="pk_regions"),
    )
    progress = sa.table("progress", *map(sa.column, ("stream", "cursor", "gaps", "gaps_filled")))
    # Nothing is written yet, and what the stream no longer holds lies in the artifacts: a gap to be filled.
    op.execute(progress.insert().values(stream="layerwatch:verdicts", cursor="0", gaps=1, gaps_filled=0))
