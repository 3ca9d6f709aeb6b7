"""What a notice is about and how long it is valid, and which kinds of it somebody wants no messages of.

Source: docs/rules.md §7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from domain.base import NOT_FOUND, Action, Actor, Decision, Event, Refused, Subject, Sweep
from domain.notices.common import end_of_day, saved, standing, to_confirm_anew
from domain.notices.shapes import BEFORE, NoticeCase
from domain.permissions import Permission
from domain.rulebook import Rulebook

MAX_VALID_DAYS = 3650


@dataclass(frozen=True, slots=True)
class SetKind(Action):
    """Be about this, by the rulebook's code."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    kind: str


@dataclass(frozen=True, slots=True)
class SetValid(Action):
    """Be valid for so many days from when it leaves, 0 for without an end; or until a day, by the unit's calendar."""

    permission: ClassVar[str] = Permission.SEND_NOTICE
    notice_id: int
    days: int = 0
    until: date | None = None


@dataclass(frozen=True, slots=True)
class MuteKind(Action):
    """Do not message me about routine notices of this kind, or do again. Urgent ones always come."""

    permission: ClassVar[str] = Permission.KEEP_OWN_SETTINGS
    kind: str
    muted: bool


@dataclass(frozen=True, slots=True)
class Mute(Sweep):
    """Somebody is not to be messaged about routine notices of this kind (``muted``), or is again."""

    person_id: int
    kind: str
    muted: bool


@dataclass(frozen=True, slots=True)
class MuteCase:
    """Somebody, and whether they have muted the kind in question."""

    person_id: int
    muted: bool

    @property
    def subject(self) -> Subject:
        """What one is messaged about is one's own."""
        return Subject(owners=frozenset({self.person_id}))


def set_kind(case: NoticeCase, action: SetKind, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """One of those in the list."""
    notice = standing(case, *BEFORE)
    if rules.notices.kind(action.kind) is None:
        raise Refused(NOT_FOUND)
    return saved(to_confirm_anew(replace(notice, kind=action.kind)), "notice.changed", kind=action.kind)


def set_valid(
    case: NoticeCase, action: SetValid, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Not before it leaves. A day that is chosen is also kept as a span, for when it is sent again."""
    notice = standing(case, *BEFORE)
    zone = ZoneInfo(case.zone or rules.time_zone)
    days = action.days
    if action.until is not None:
        days = (action.until - max(notice.send_at or now, now).astimezone(zone).date()).days
        if days < 0:
            raise Refused("notice.valid_past")
    if not 0 <= days <= MAX_VALID_DAYS:
        raise Refused("notice.valid_far", most=MAX_VALID_DAYS)
    until = None if action.until is None else end_of_day(action.until, zone)
    # Valid on the day itself only would be without an end as a span.
    span = max(1, days) if until is not None else days
    return saved(to_confirm_anew(replace(notice, valid_days=span, valid_until=until)), "notice.changed")


def mute_kind(case: MuteCase, action: MuteKind, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Said again, nothing changes."""
    if rules.notices.kind(action.kind) is None:
        raise Refused(NOT_FOUND)
    if case.muted is action.muted:
        return Decision()
    return Decision(
        sweeps=(Mute(case.person_id, action.kind, action.muted),),
        events=(
            Event(
                "person.kind_muted",
                "person",
                case.person_id,
                {"kind": action.kind, "muted": action.muted},
            ),
        ),
    )
