"""What people said can be taken back, and stays known."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for table in ("acknowledgements", "corrections"):
        op.add_column(table, sa.Column("undone", sa.DateTime(timezone=True), nullable=True))
        op.add_column(table, sa.Column("undone_by", sa.String(length=128), nullable=True))
