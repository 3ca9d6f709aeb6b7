"""Imports of units and people from a sheet, and their export. Source: docs/rules.md §1.

An import is checked as a whole before anything of it is true, then is true at once as a whole. One is under way at a
time. What a row may say is ``domain/sheets.py``'s; how rows are kept, compared and brought in is ``storage``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.base import (
    NOT_FOUND,
    Action,
    Actor,
    Decision,
    Entity,
    Event,
    Notice,
    Query,
    Refresh,
    Refused,
    Role,
    Subject,
    ToPerson,
)
from domain.lanes import Lane
from domain.permissions import Permission
from domain.rulebook import Rulebook
from domain.sheet_columns import ImportKind

CARD = "import.card"
WAITS_FOR_A_YES = timedelta(hours=1)
"""A checked import that nobody confirms is let go after this: the longer it waits, the less its check is worth."""
MOST_LISTED = 200
"""Mistakes that are listed at once; all of them go back in a copy of the sheet."""


class ImportState(StrEnum):
    """Its rows are read and checked (staging), wait for a yes (checked), are brought in unseen (applying), and are
    there for all (live) or gone (dropped). An import is over when ``finished_at`` says so."""

    STAGING = "staging"
    CHECKED = "checked"
    APPLYING = "applying"
    LIVE = "live"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class ImportBatch(Entity):
    """An import. ``by_id`` None: the command line's. ``file`` is what was sent in a chat: its id and name."""

    kind: ImportKind
    state: ImportState
    by_id: int | None
    created_at: datetime
    finished_at: datetime | None = None
    file: Mapping[str, str] = field(default_factory=dict)
    done: int = 0
    rows: int = 0
    added: int = 0
    changed: int = 0
    problems: int = 0


@dataclass(frozen=True, slots=True)
class BeginCase:
    """What a new import needs to know: its id, the one that is not over yet, and where the actor is admin."""

    new_id: int
    under_way: ImportBatch | None
    path: str

    @property
    def subject(self) -> Subject:
        """Whoever may import anywhere may begin; each row is held to their own part of the tree."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class BatchCase:
    """An import, and where the actor is admin; None when there is no such import."""

    batch: ImportBatch | None
    path: str

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class BeginImport(Action):
    """Read and check this file, which stays with Telegram; nothing is brought in before a yes."""

    permission: ClassVar[str] = Permission.IMPORT_ROWS
    file_id: str
    file_name: str


@dataclass(frozen=True, slots=True)
class ConfirmImport(Action):
    """Bring a checked import in."""

    permission: ClassVar[str] = Permission.IMPORT_ROWS
    batch_id: int


@dataclass(frozen=True, slots=True)
class CancelImport(Action):
    """Let a checked import go."""

    permission: ClassVar[str] = Permission.IMPORT_ROWS
    batch_id: int


def begin(case: BeginCase, action: BeginImport, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """One at a time; whoever sends another file takes back the one that waits for their own yes."""
    before = case.under_way
    replaced: tuple[ImportBatch, ...] = ()
    if before is not None:
        if before.state is not ImportState.CHECKED or before.by_id != actor.person_id:
            raise Refused("import.busy")
        replaced = (replace(before, state=ImportState.DROPPED),)
    batch = ImportBatch(
        case.new_id,
        0,
        kind=ImportKind.PEOPLE,
        state=ImportState.STAGING,
        by_id=actor.person_id,
        created_at=now,
        file={"id": action.file_id, "name": action.file_name},
    )
    return Decision(
        saves=(*replaced, batch),
        events=(Event("import.begun", "import", batch.id),),
        notices=(Notice(ToPerson(actor.person_id), CARD, batch.id, lane=Lane.PERSON, card=True),),
        refreshes=tuple(Refresh(CARD, old.id) for old in replaced),
        result={"batch_id": batch.id},
    )


def _waiting(case: BatchCase, actor: Actor) -> ImportBatch:
    if case.batch is None or case.batch.by_id != actor.person_id:
        raise Refused(NOT_FOUND)
    if case.batch.state is not ImportState.CHECKED:
        raise Refused("import.over")
    return case.batch


def confirm(
    case: BatchCase, action: ConfirmImport, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Only who had it checked confirms it."""
    batch = replace(_waiting(case, actor), state=ImportState.APPLYING, done=0)
    return Decision(
        saves=(batch,),
        events=(Event("import.confirmed", "import", batch.id, {"rows": batch.rows}),),
        refreshes=(Refresh(CARD, batch.id),),
    )


def cancel(
    case: BatchCase, action: CancelImport, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Nothing of it was there for anybody yet."""
    batch = replace(_waiting(case, actor), state=ImportState.DROPPED)
    return Decision(
        saves=(batch,),
        events=(Event("import.cancelled", "import", batch.id),),
        refreshes=(Refresh(CARD, batch.id),),
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    BeginImport: begin,
    ConfirmImport: confirm,
    CancelImport: cancel,
}

ACTIONS = frozenset(action.__name__ for action in DECIDE)
"""By name, as the store tells what was decided: each of them leaves work for whoever carries imports out."""


# --- what is shown ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """An import in the eyes of who began it. ``done`` of ``rows`` while it is at work; ``over`` when all of it is."""

    id: int
    kind: ImportKind
    state: ImportState
    name: str
    done: int = 0
    rows: int = 0
    added: int = 0
    changed: int = 0
    problems: int = 0


@dataclass(frozen=True, slots=True)
class ExportedUnit:
    """A unit's row of a sheet."""

    code: str
    kind: str
    name: str
    name_en: str
    parent: str
    aliases: tuple[str, ...] = ()
    zone: str = ""
    calendar: str = ""


@dataclass(frozen=True, slots=True)
class ExportedPerson:
    """A person's row of a sheet, with one of their roles. Days are the community's."""

    number: str
    name: str
    phone: str
    unit: str
    flat: str
    language: str
    telegram_id: int
    role: Role | None = None
    role_unit: str = ""
    begins: str = ""
    ends: str = ""
    skills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Some rows of an export, and where the next ones begin (None: these are the last)."""

    rows: tuple[ExportedUnit, ...] | tuple[ExportedPerson, ...]
    next_after: str | None = None


@dataclass(frozen=True, slots=True)
class ExportRows(Query):
    """Rows of a sheet of all units or people at and below a unit (0: everywhere, for the command line), page by page:
    ``ExportPage``. Who reads them in bulk is written down."""

    permission: ClassVar[str] = Permission.EXPORT_ROWS
    bulk: ClassVar[bool] = True
    kind: ImportKind
    unit_id: int
    after: str = ""
    most: int = 2000


@dataclass(frozen=True, slots=True)
class MayImport(Query):
    """Whether the reader may import: nothing, or Refused."""

    permission: ClassVar[str] = Permission.IMPORT_ROWS
