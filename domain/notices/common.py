"""What the rules of notices share: saving with its event, walks through recipients, and who may address whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.addressees import Addressees
from domain.base import (
    NOT_FOUND,
    Actor,
    Decision,
    Entity,
    Event,
    Refresh,
    Refused,
    Scalar,
    Subject,
)
from domain.notices.shapes import CARD, GROUP, Errand, Mailing, NoticeCase, NoticeState, PublicNotice
from domain.permissions import Permission, allowed


def event_of(name: str, notice: PublicNotice, **data: Scalar) -> Event:
    """What happened to a notice, for the audit trail."""
    return Event(name, "notice", notice.id, data, unit_id=notice.unit_id)


def saved(notice: PublicNotice, name: str, *also: Entity, **data: Scalar) -> Decision:
    """The notice as it is from now on, with its event, and its sender's card that shows it."""
    return Decision(
        saves=(notice, *also),
        events=(event_of(name, notice, **data),),
        refreshes=(Refresh(CARD, notice.id),),
    )


def standing(case: NoticeCase, *states: NoticeState) -> PublicNotice:
    """The notice, if it stands where this may be done. Raises Refused, which shows the card as it is now."""
    if case.notice.state not in states:
        raise Refused("notice.not_now")
    return case.notice


def to_confirm_anew(notice: PublicNotice) -> PublicNotice:
    """What has changed has to be confirmed anew, by both."""
    return replace(notice, state=NoticeState.DRAFT, confirmed_by=None, seconded_by=None)


def ends_after(notice: PublicNotice, zone: ZoneInfo, *, begins: datetime) -> datetime | None:
    """The midnight after a notice's last day if it begins to leave at ``begins``; None for without an end."""
    if notice.valid_until is not None or not notice.valid_days:
        return notice.valid_until
    return end_of_day(begins.astimezone(zone).date() + timedelta(days=notice.valid_days), zone)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The midnight after a day."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def walk(case: NoticeCase, errand: Errand, now: datetime) -> tuple[Mailing, ...]:
    """A new walk, or the one with this errand from the beginning."""
    for mailing in case.mailings:
        if mailing.errand is errand:
            return (replace(mailing, reached=0, created_at=now),)
    return (Mailing(case.new_mailing, 0, case.notice.id, errand, created_at=now),)


def in_groups(decision: Decision, notice: PublicNotice) -> Decision:
    """What stands in groups follows too."""
    if not notice.to_groups:
        return decision
    return replace(decision, refreshes=(*decision.refreshes, Refresh(GROUP, notice.id)))


def fresh_draft(notice: PublicNotice, new_id: int, *, author_id: int, now: datetime) -> PublicNotice:
    """Everything that was composed, and nothing of what became of it."""
    return replace(
        to_confirm_anew(notice),
        id=new_id,
        version=0,
        author_id=author_id,
        created_at=now,
        send_at=None,
        # As many days as before, counted anew when it leaves.
        valid_until=None,
        repeat="",
        repeat_day=0,
        expected=0,
        begun_at=None,
        finished_at=None,
        frozen_to=0,
        reminded_at=None,
        nudged_at=None,
        corrected_at=None,
        uncorrected="",
        again_at=None,
    )


def may_address(wanted: Addressees, paths: Mapping[int, str], actor: Actor) -> None:
    """Every unit by name, and each within the sender's authority. Raises Refused."""
    if not wanted.units:
        raise Refused("notice.to_nobody")
    for unit_id in wanted.units:
        if not allowed(actor, Permission.SEND_NOTICE, Subject(path=paths.get(unit_id, ""))):
            raise Refused(NOT_FOUND)
