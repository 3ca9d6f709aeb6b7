"""Which meetings, and which units for one, are offered to who plans it. Whether they may is asked where it is done.

Source: docs/rules.md §9.
"""

from __future__ import annotations

from collections.abc import Collection

from domain.base import Role
from domain.meetings.shapes import HELD_AT, MeetingKind, planners
from domain.units import kinds_below


def _leads_to(unit_kind: str, kind: MeetingKind) -> bool:
    """Whether a unit of this kind holds such a meeting, or one that may stand below it does."""
    below = (one for one in kinds_below(unit_kind) if one != unit_kind)
    return kind in HELD_AT[unit_kind] or any(_leads_to(one, kind) for one in below)


def is_offered(unit_kind: str, kind: MeetingKind, *, goes_on: bool) -> bool:
    """Whether who plans such a meeting is shown a unit of this kind: it holds one, or with units below (``goes_on``) it may
    lead to one that does."""
    return kind in HELD_AT.get(unit_kind, ()) or (goes_on and _leads_to(unit_kind, kind))


def planned_by(roles: Collection[Role]) -> tuple[MeetingKind, ...]:
    """The meetings that one may plan who holds these roles.

    >>> planned_by([Role.LEADER])
    (<MeetingKind.GROUP: 'group'>,)
    """
    return tuple(kind for kind in MeetingKind if (only := planners(kind)) is None or only & set(roles))
