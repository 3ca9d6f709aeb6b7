"""What a unit owes in a year and what is missing of it, and the way through the units to their sheets."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.meetings.duties import Often, Owed, Period
from domain.meetings.shown import DutyFacts, YearDuties
from domain.queries import Page
from domain.unit_pages import UnitLine
from views.message import Button, Keyboard, Message
from views.safe import Html, plain
from views.voice import Voice, block, card, press, rows

MOST_MISSING = 12


def period(period: Period, voice: Voice) -> Html:
    """Which month, quarter, half or year."""
    if period.often is Often.YEARLY:
        return voice.say("period.year", year=str(period.year))
    if period.often is Often.MONTHLY:
        return voice.say("period.month", number=period.first.month)
    key = "period.quarter" if period.often is Often.QUARTERLY else "period.half"
    return voice.say(key, number=period.number)


def _missing(owed: Owed, voice: Voice) -> Html:
    named = {"kind": voice.term("meeting_kind", owed.kind), "period": period(owed.period, voice)}
    if owed.period.last < voice.today:
        return voice.say("duty.missed", **named)
    return voice.say("duty.missing", **named, day=voice.day(owed.period.last))


def _plan(facts: DutyFacts, missing: tuple[Owed, ...], voice: Voice) -> Keyboard:
    return tuple(
        (
            voice.button(
                "button.meeting_plan_kind",
                "meeting.new",
                facts.unit_id,
                kind,
                kind=voice.term("meeting_kind", kind),
            ),
        )
        for kind in dict.fromkeys(one.kind.value for one in missing if one.period.last >= voice.today)
    )


def duty_told(params: Mapping[str, Scalar], facts: DutyFacts, voice: Voice) -> Message:
    """Which meeting is missing near the end of a month or quarter, or was."""
    over = bool(params.get("over"))
    key = "duty.was_missing" if over else "duty.is_missing"
    return Message(
        card(
            voice.say(key, place=voice.place(facts.place), count=len(facts.owed)),
            block(*(_missing(one, voice) for one in facts.owed[:MOST_MISSING])),
            voice.say("duty.over_next" if over else "duty.next"),
        ),
        keyboard=(
            *_plan(facts, facts.owed, voice),
            (voice.button("button.meeting_duty", "meetings.duty", facts.unit_id),),
        ),
    )


def duties(found: YearDuties, *, voice: Voice) -> Message:
    """What a unit owes this year: of each kind how much of it is done, and what is missing so far."""
    facts = found.facts
    kinds_ = tuple(dict.fromkeys(one.kind for one in facts.owed))
    told = []
    for kind in kinds_:
        theirs = [one for one in facts.owed if one.kind is kind]
        told.append(
            voice.say(
                "duty.row",
                kind=voice.term("meeting_kind", kind),
                done=sum(bool(one.count) for one in theirs),
                total=len(theirs),
            )
        )
    missing = tuple(one for one in facts.owed if not one.count and one.period.first <= found.today)
    shown = missing[-MOST_MISSING:]
    return Message(
        card(
            voice.say("duty.title", place=voice.place(facts.place), year=str(facts.year)),
            block(*told) if told else voice.say("duty.nothing_owed"),
            block(*(_missing(one, voice) for one in shown))
            if shown
            else (voice.say("duty.all_there") if told else ""),
        ),
        keyboard=(
            *_plan(facts, missing, voice),
            (
                voice.button("button.meeting_sheet", "meetings.sheet", facts.unit_id, facts.year),
                voice.button("button.meeting_sheet_last", "meetings.sheet", facts.unit_id, facts.year - 1),
            ),
            (voice.button("button.meeting_places", "meetings.places", 0),),
        ),
    )


def places(above: UnitLine | None, page: Page[UnitLine], *, parent_id: int, voice: Voice) -> Message:
    """One level of the tree: a press on a unit opens it; there its duties and its sheet are."""
    here = above.id if above else 0
    turns = tuple(
        voice.button(key, "meetings.places", here, to)
        for key, to in (("button.page_before", page.page - 1), ("button.page_after", page.page + 1))
        if 1 <= to <= page.pages
    )
    below = (
        Button(
            plain(voice.place(row.place)) + (" ›" if row.has_children else ""),
            press("meetings.places" if row.has_children else "meetings.duty", row.id),
        )
        for row in page.rows
    )
    up = (voice.button("button.notice_up", "meetings.places", parent_id),) if above else ()
    return Message(
        voice.say("meeting.place_here", place=voice.place(above.place))
        if above
        else voice.say("meeting.place_top"),
        keyboard=(
            *(((voice.button("button.meeting_duty", "meetings.duty", here),),) if above else ()),
            *rows(below, width=2),
            *((turns,) if turns else ()),
            (*up, voice.button("button.meetings_desk", "meetings.desk", 1)),
        ),
    )
