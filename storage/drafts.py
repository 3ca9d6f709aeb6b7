"""Open forms, one a person: changed in the commit of the step that changed them, so they survive a restart mid-way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, bindparam, select

from storage.dialect import upserting
from storage.schema import draft


@dataclass(frozen=True, slots=True)
class Draft:
    """Where somebody stands in a form. ``version`` rises with each save; buttons carry it, so a stale one is known.

    ``message_id`` is the message that asks the present step.
    """

    form: str
    step: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0
    message_id: int | None = None


class DraftVerb(Enum):
    """What a step does to the draft when it does not save a new one."""

    KEEP = "keep"
    CLEAR = "clear"


KEEP = DraftVerb.KEEP
CLEAR = DraftVerb.CLEAR
DraftChange = Draft | DraftVerb

_LOAD = select(draft.c.form, draft.c.step, draft.c.answers, draft.c.version, draft.c.message_id).where(
    draft.c.telegram_id == bindparam("telegram_id")
)
_CLEAR = draft.delete().where(draft.c.telegram_id == bindparam("telegram_id"))


def load(connection: Connection, telegram_id: int) -> Draft | None:
    """The person's open form, or None."""
    row = connection.execute(_LOAD, {"telegram_id": telegram_id}).first()
    return None if row is None else Draft(*row)


def change(connection: Connection, telegram_id: int, to: DraftChange, *, now: datetime) -> None:
    """Save, clear or keep."""
    if to is DraftVerb.KEEP:
        return
    if isinstance(to, DraftVerb):
        connection.execute(_CLEAR, {"telegram_id": telegram_id})
        return
    upsert = upserting(connection, draft)
    values = {
        "form": to.form,
        "step": to.step,
        "answers": dict(to.answers),
        "version": to.version,
        "message_id": to.message_id,
        "updated_at": now,
    }
    connection.execute(
        upsert.on_conflict_do_update(
            index_elements=["telegram_id"], set_={name: upsert.excluded[name] for name in values}
        ),
        {"telegram_id": telegram_id, **values},
    )
