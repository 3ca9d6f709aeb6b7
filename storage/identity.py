"""Which database this is: a number of its own, drawn when it is made, by which copies and lists kept elsewhere know it.

Ids of people mean nothing in another database; whatever leads back from outside is compared by this number first.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from storage.schema import counter, metadata

IDENTITY = "identity"
LOST_IDS = 1_000_000
"""More than are dealt out between two backups, even if a whole city is imported."""

_VALUE = select(counter.c.value).where(counter.c.name == bindparam("name"))
_SKIP = (
    counter.update()
    .where(counter.c.name.in_(sorted(metadata.tables)))
    .values(value=counter.c.value + LOST_IDS)
)


def identity_of(connection: Connection) -> str:
    """Eight hexadecimal digits; all zero for a database from before there were any."""
    found: int | None = connection.execute(_VALUE, {"name": IDENTITY}).scalar()
    return f"{found or 0:08x}"


def skip_lost_ids(connection: Connection) -> None:
    """After an older copy was brought back: ids dealt out since are not dealt out again. Buttons in chats and lists of
    who was forgotten still carry them, and must lead to nothing rather than to something else."""
    connection.execute(_SKIP)
