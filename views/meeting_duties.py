"""What a unit owes in a year and what is missing of it, and the way through the units to their sheets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from babel.dates import get_month_names

from domain.base import Scalar
from domain.meetings.duties import Often, Owed, Period
from domain.meetings.shown import DutyFacts, YearDuties
from domain.queries import Page, Place
from domain.unit_pages import UnitLine
from views.catalogue import LOCALES
from views.message import Button, Keyboard, Message
from views.safe import Html, plain
from views.voice import Voice, block, card, press, rows

_KEYS = {Often.MONTHLY: "period.month", Often.QUARTERLY: "period.quarter", Often.YEARLY: "period.year"}
_MONTHS = get_month_names("abbreviated", context="stand-alone", locale=LOCALES["en"])
_HALVES = {1: "period.half_first", 2: "period.half_second"}


def period(period: Period, voice: Voice) -> Html:
    """Which month, quarter, half or year."""
    return _span(period, period, voice)


def _span(first: Period, last: Period, voice: Voice) -> Html:
    """From the first to the last of periods of one length."""
    key = _HALVES[first.number] if first.often is Often.HALF_YEARLY else _KEYS[first.often]
    numbers = tuple(str(one.number) for one in dict.fromkeys((first, last)))
    months = (
        numbers if voice.chinese else tuple(_MONTHS[one.first.month] for one in dict.fromkeys((first, last)))
    )
    return voice.say(key, year=str(first.year), number="–".join(numbers), month="–".join(months))


def _stretches(periods: Sequence[Period], voice: Voice) -> Html:
    """Periods of one length, in order, those that follow one another as one: "1–3 月、5 月"."""
    runs: list[list[Period]] = []
    for one in periods:
        follows = runs and runs[-1][-1].number + 1 == one.number and one.often is not Often.HALF_YEARLY
        if follows:
            runs[-1].append(one)
        else:
            runs.append([one])
    return Html(voice.say("period.and").join(_span(run[0], run[-1], voice) for run in runs))


def _missing(owed: tuple[Owed, ...], voice: Voice) -> tuple[Html, ...]:
    """A line of each kind for the periods that are over, and one for what is still open."""
    told = []
    for kind in dict.fromkeys(one.kind for one in owed):
        theirs = [one.period for one in owed if one.kind is kind]
        missed = [one for one in theirs if one.last < voice.today]
        open_ = [one for one in theirs if one.last >= voice.today]
        named = voice.term("meeting_kind", kind)
        if missed:
            told.append(voice.say("duty.missed", kind=named, period=_stretches(missed, voice)))
        if open_:
            day = voice.day(open_[0].last)
            told.append(voice.say("duty.missing", kind=named, period=_stretches(open_, voice), day=day))
    return tuple(told)


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
            block(*_missing(facts.owed, voice)),
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
    return Message(
        card(
            voice.say("duty.title", place=voice.place(facts.place), year=str(facts.year)),
            block(*told) if told else voice.say("duty.nothing_owed"),
            block(*_missing(missing, voice)) if missing else (voice.say("duty.all_there") if told else ""),
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


def sheet_name(place: Place, year: int, voice: Voice) -> str:
    """What the file of the year's sheet is called; what means something to a file system is left out of it."""
    named = plain(voice.say("meeting.sheet_file", place=voice.place(place), year=str(year)))
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "", named)


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
