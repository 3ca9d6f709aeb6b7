"""How Alembic runs here: always on a connection it is given, inside the transaction of ``storage/migrate.py``."""

from alembic import context

# Imported for their tables, which stand on the same metadata.
from storage import schema_digests, schema_lessons, schema_meetings, schema_notices  # noqa: F401 - as said
from storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    compare_server_default=False,
    render_as_batch=False,
    transaction_per_migration=False,
)
context.run_migrations()
