"""How Alembic runs here: always on a connection it is given, inside the transaction of ``storage/migrate.py``."""

from alembic import context

# The metadata with every table on it.
from storage.schema_digests import digest

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=digest.metadata,
    compare_type=True,
    compare_server_default=False,
    render_as_batch=False,
    transaction_per_migration=False,
)
context.run_migrations()
