"""What Alembic runs: always inside the transaction that `migrate` opened."""

from alembic import context

from monitoring.history.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,  # SQLite changes a table by writing it anew
)
context.run_migrations()
