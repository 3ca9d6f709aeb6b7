"""Sending a notice: one yes or two, its time, held and going on, stopped, withdrawn, and reminded of."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.base import (
    Actor,
    Decision,
    Notice,
    Refresh,
    Refused,
    Role,
    ToPerson,
    ToResponsible,
)
from domain.clocks import add_months
from domain.lanes import Lane
from domain.notices.common import (
    ends_after,
    event_of,
    fresh_draft,
    in_groups,
    may_address,
    saved,
    standing,
    walk,
)
from domain.notices.shapes import (
    BEFORE,
    ON_ITS_WAY,
    OUT,
    ConfirmNotice,
    Errand,
    GoOnNotice,
    HoldNotice,
    Mailing,
    NoticeCase,
    NoticeState,
    PublicNotice,
    RemindNotice,
    StartNotice,
    StopNotice,
    TakeBack,
    WithdrawNotice,
)
from domain.rulebook import Rulebook


def next_time(notice: PublicNotice, *, zone: ZoneInfo, after: datetime) -> datetime:
    """When a repeated notice leaves next, by the same clock of ``zone``: the first time after ``after``.

    What fell into a time when nothing ran is not made up for: it would arrive as many times at once.
    """
    assert notice.send_at is not None  # noqa: S101 - only what has a time repeats
    first = notice.send_at.astimezone(zone)
    day, at, step = first.date(), notice.send_at, 0
    while at <= after:
        step += 1
        if notice.repeat == "weekly":
            day = first.date() + timedelta(weeks=step)
        else:
            day = add_months(first.date().replace(day=1), step)
            day = day.replace(day=min(notice.repeat_day or first.day, monthrange(day.year, day.month)[1]))
        at = datetime.combine(day, first.time(), zone).astimezone(UTC)
    return at


def needs_second(case: NoticeCase, rules: Rulebook) -> bool:
    """Whether one person's yes is not enough. Source: docs/rules.md §7."""
    return case.top or case.count > rules.notices.second_above


def others_to_ask(notice: PublicNotice, first: int) -> ToResponsible:
    """Whose yes may be the second: the secretaries of the unit, or where there is no other, those above it."""
    return ToResponsible(notice.unit_id, (Role.SECRETARY,), passing_over=frozenset({first}))


def confirm(
    case: NoticeCase, action: ConfirmNotice, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The first yes, and where one is not enough the second, by somebody else, to the very same notice."""
    notice = standing(case, NoticeState.DRAFT, NoticeState.ASKED)
    if notice.version != action.version:
        raise Refused("notice.changed")
    may_address(notice.whom, case.paths, actor)
    if not case.author_may:
        raise Refused("notice.author_left")
    reached = (case.count if notice.to_people else 0) + (case.groups if notice.to_groups else 0)
    if not reached:
        raise Refused("notice.nobody")
    if notice.send_at is not None and notice.send_at <= now:
        raise Refused("notice.time_past")
    if not notice.valid(notice.send_at or now):
        raise Refused("notice.valid_past")
    if notice.state is NoticeState.ASKED:
        if actor.person_id == notice.confirmed_by:
            raise Refused("notice.not_twice")
        return _sent_off(replace(notice, seconded_by=actor.person_id), case, now, rules)
    notice = replace(notice, confirmed_by=actor.person_id, expected=case.count)
    if needs_second(case, rules):
        asked = replace(notice, state=NoticeState.ASKED)
        others = others_to_ask(notice, actor.person_id)
        decision = saved(asked, "notice.asked", count=case.count)
        return replace(
            decision, notices=(Notice(others, "notice.second", notice.id, lane=Lane.CLAIM, card=True),)
        )
    return _sent_off(notice, case, now, rules)


def _sent_off(notice: PublicNotice, case: NoticeCase, now: datetime, rules: Rulebook) -> Decision:
    second = Refresh("notice.second", notice.id)
    if notice.send_at is not None:
        decision = saved(replace(notice, state=NoticeState.PLANNED), "notice.planned", count=case.count)
    else:
        decision = _begun(notice, case, now, rules)
    return replace(decision, refreshes=(*decision.refreshes, second))


def _begun(notice: PublicNotice, case: NoticeCase, now: datetime, rules: Rulebook) -> Decision:
    until = ends_after(notice, ZoneInfo(case.zone or rules.time_zone), begins=now)
    begun = replace(notice, state=NoticeState.FREEZING, begun_at=now, frozen_to=0, valid_until=until)
    return saved(begun, "notice.begun")


def start(case: NoticeCase, action: StartNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Only if who confirmed it may still do so: an appointment may have ended meanwhile."""
    notice = standing(case, NoticeState.PLANNED)
    if not case.author_may:
        dropped = saved(replace(notice, state=NoticeState.DROPPED), "notice.dropped")
        told = Notice(
            ToPerson(notice.author_id), "said", params={"key": "notice.author_left"}, lane=Lane.REMINDER
        )
        return replace(dropped, notices=(told,))
    begun = _begun(replace(notice, repeat=""), case, now, rules)
    if not notice.repeat:
        return begun
    following = replace(
        fresh_draft(notice, case.new_notice, author_id=notice.author_id, now=now),
        state=NoticeState.PLANNED,
        send_at=next_time(notice, zone=ZoneInfo(case.zone or rules.time_zone), after=now),
        repeat=notice.repeat,
        repeat_day=notice.repeat_day,
        expected=notice.expected,
        confirmed_by=notice.confirmed_by,
        seconded_by=notice.seconded_by,
    )
    return replace(
        begun, saves=(*begun.saves, following), events=(*begun.events, event_of("notice.planned", following))
    )


def hold(case: NoticeCase, action: HoldNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """What is on the wire arrives; nothing is taken after it."""
    notice = standing(case, NoticeState.SENDING)
    held = tuple(replace(mailing, held=True) for mailing in case.mailings if mailing.errand is Errand.SEND)
    decision = saved(replace(notice, state=NoticeState.PAUSED), "notice.held", *held)
    return replace(decision, sweeps=(TakeBack(notice.id, again=True),))


def go_on(case: NoticeCase, action: GoOnNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """From where it stood."""
    notice = standing(case, NoticeState.PAUSED)
    freed = tuple(replace(mailing, held=False) for mailing in case.mailings if mailing.errand is Errand.SEND)
    return saved(replace(notice, state=NoticeState.SENDING), "notice.went_on", *freed)


def stop(case: NoticeCase, action: StopNotice, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Who has it keeps it."""
    notice = standing(case, *BEFORE, *ON_ITS_WAY)
    if notice.state in BEFORE:
        decision = saved(replace(notice, state=NoticeState.DROPPED), "notice.dropped")
        told = Notice(
            ToPerson(notice.author_id),
            "said",
            params={"key": "notice.dropped_by", "number": notice.id, "name": actor.name},
        )
        return replace(
            decision,
            refreshes=(*decision.refreshes, Refresh("notice.second", notice.id)),
            notices=() if actor.person_id == notice.author_id else (told,),
        )
    ended = tuple(
        replace(mailing, finished_at=now) for mailing in case.mailings if mailing.errand is Errand.SEND
    )
    decision = saved(
        replace(notice, state=NoticeState.CANCELLED, finished_at=now), "notice.cancelled", *ended
    )
    return replace(decision, sweeps=(TakeBack(notice.id, again=False),))


def withdraw(
    case: NoticeCase, action: WithdrawNotice, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Whatever else was under way for it ends."""
    notice = standing(case, *OUT)
    ended = tuple(replace(mailing, finished_at=now) for mailing in case.mailings)
    walk = Mailing(case.new_mailing, 0, notice.id, Errand.WITHDRAW, created_at=now)
    gone = replace(notice, state=NoticeState.WITHDRAWN, finished_at=notice.finished_at or now)
    decision = in_groups(saved(gone, "notice.withdrawn", *ended, walk), gone)
    return replace(decision, sweeps=(TakeBack(notice.id, again=False),))


def remind(
    case: NoticeCase, action: RemindNotice, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """At most once in so many hours, whoever asks: people who have not read it are no less busy than others. By itself
    it comes once, whatever was done by hand."""
    notice = standing(case, NoticeState.SENT, NoticeState.CANCELLED)
    if not notice.wants_read:
        raise Refused("notice.not_now")
    pause = timedelta(hours=rules.notices.remind_hours)
    if notice.reminded_at is not None and now < notice.reminded_at + pause:
        raise Refused("notice.reminded", hours=rules.notices.remind_hours)
    asked = replace(notice, reminded_at=now, nudged_at=now if actor.job else notice.nudged_at)
    return saved(asked, "notice.reminded", *walk(case, Errand.REMIND, now))


def reminds_next(notice: PublicNotice, rules: Rulebook) -> datetime | None:
    """From when on those who have not read it are reminded by itself; None if that will not be, or is not known yet."""
    if not (notice.remind and notice.wants_read) or notice.nudged_at is not None:
        return None
    if notice.state is not NoticeState.SENT or notice.finished_at is None:
        return None
    last = max(filter(None, (notice.finished_at, notice.reminded_at, notice.again_at)))
    return last + timedelta(hours=rules.notices.remind_hours)
