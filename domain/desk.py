"""What waits at the desk beside the list of what is to be decided: answers to notices, and people to be called.

What is counted here is counted up to a point and no further: beyond it nobody asks how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.base import Query
from domain.permissions import Permission
from domain.queries import Place

COUNTED = 99
"""Where counting stops; one more is found for "and more"."""
LIST_ROWS = 8


@dataclass(frozen=True, slots=True)
class DeskCounts:
    """How many ``answers`` wait and how many ``calls`` are to be made, each at most ``COUNTED`` + 1."""

    answers: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class DeskCall:
    """Somebody whom a notice did not reach and nobody has told. ``title``: the beginning of the notice's words."""

    notice_id: int
    title: str
    person_id: int
    name: str
    place: Place
    flat: str = ""
    phone: str = ""
    begun_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CountDesk(Query):
    """``DeskCounts`` of what the reader may answer and whom they may call."""

    permission: ClassVar[str] = Permission.SEE_DESK


@dataclass(frozen=True, slots=True)
class ListCalls(Query):
    """Whom the notices of the last days did not reach in the part of the tree that the reader leads, building by building:
    ``Page[DeskCall]``, which knows only whether there is another page."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    page: int = 1
