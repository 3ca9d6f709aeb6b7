"""Posters: the printed way into a unit, one page for each building. Source: docs/rules.md §1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.base import Query
from domain.permissions import Permission
from domain.queries import Place

MOST_IN_CHAT = 150
"""Pages that are drawn while somebody waits in the chat; more come from the command line."""


@dataclass(frozen=True, slots=True)
class PosterPage:
    """One building: its name, the name of the unit that it belongs to, and its code."""

    place: Place
    above: Place
    code: str


@dataclass(frozen=True, slots=True)
class PosterPages:
    """The buildings at and below a unit, in order, at most ``most`` of ``total``."""

    place: Place
    code: str
    pages: tuple[PosterPage, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ListPosterPages(Query):
    """What to print for a unit: ``PosterPages``; without any building below it, the unit itself."""

    permission: ClassVar[str] = Permission.SEE_UNITS
    unit_id: int
    most: int = MOST_IN_CHAT
