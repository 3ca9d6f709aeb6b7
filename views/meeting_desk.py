"""Meetings as who plans them reads them: the list, the form, the card, and what was decided.

Who is there, and the code, are in ``meeting_guests.py``; what is owed in ``meeting_duties.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.base import Scalar
from domain.meetings.offers import planned_by
from domain.meetings.shapes import HELD_AT, MeetingState, Walking
from domain.meetings.shown import (
    MOST_COUNTED,
    FollowupPage,
    MeetingCard,
    PlanFacts,
    PlannedLine,
)
from domain.queries import Page, UnitLevel
from views import rosterforms
from views.forms import Prompt
from views.meetings import BUTTON, described, state_of, topic, until
from views.message import Button, Keyboard, Message
from views.safe import Html, cut, line, plain, words
from views.voice import Voice, block, card, press, rows

asks = rosterforms.asks
DAYS = (1, 2, 3, 7, 14)
CLOCKS = ("0900", "1430", "1500", "1900", "1930")

# --- lists --------------------------------------------------------------------------------------------------------------


def desk(page: Page[PlannedLine], *, voice: Voice) -> Message:
    """Meetings of the reader's units, a new one, and what is owed."""
    below: Keyboard = (
        (
            voice.button("button.meeting_new", "meeting.new", 0),
            voice.button("button.meeting_record", "meeting.record", 0),
        ),
        (voice.button("button.meeting_places", "meetings.places", 0),),
        (voice.button("button.meetings_mine", "meetings.page", 1),),
    )
    if not page.rows:
        return Message(voice.say("meeting.none_planned"), keyboard=below)
    return Message(
        card(
            voice.say("meeting.planned_title"),
            block(
                *(
                    voice.say(
                        "meeting.planned_row",
                        when=voice.when(row.starts_at),
                        kind=voice.term("meeting_kind", row.kind),
                        topic=topic(row.topic),
                        place=voice.place(row.place),
                        state=state_of(row, voice),
                    )
                    for row in page.rows
                )
            ),
        ),
        keyboard=(
            *(
                (Button(cut(plain(topic(row.topic)), BUTTON), press("meeting.card", row.id)),)
                for row in page.rows
            ),
            *voice.pages(page, "meetings.desk"),
            *below,
        ),
    )


# --- planning -----------------------------------------------------------------------------------------------------------


def kinds(asked: Prompt, voice: Voice) -> Keyboard:
    """Which meeting, of those that the reader plans."""
    actor = voice.reader.actor
    return rows(
        (
            Button(plain(voice.term("meeting_kind", kind)), press("meeting.kind", asked.version, kind.value))
            for kind in planned_by({held.role for held in actor.held} if actor else ())
        ),
        width=2,
    )


def units(asked: Prompt, voice: Voice) -> Keyboard:
    """Of which unit; one that such a meeting is not held at is a way down at most."""
    above = asked.choices.above if isinstance(asked.choices, UnitLevel) else None
    held = above is not None and asked.answers.get("kind") in HELD_AT.get(above.kind, ())
    return rosterforms.units(asked, voice, taken=held)


def days(asked: Prompt, voice: Voice) -> Keyboard:
    """Usual days, before or after today."""
    sign = -1 if asked.answers.get("past") else 1
    return rows(
        (
            Button(
                plain(voice.day(voice.today + sign * timedelta(days=one))),
                press("meeting.day", asked.version, one),
            )
            for one in DAYS
        ),
        width=2,
    )


def clocks(asked: Prompt, voice: Voice) -> Keyboard:
    """Usual times."""
    return rows(
        (Button(f"{one[:2]}:{one[2:]}", press("meeting.clock", asked.version, one)) for one in CLOCKS),
        width=3,
    )


def check(asked: Prompt, voice: Voice) -> Message:
    """All of it, and how many will be invited, before it is planned."""
    answers, facts = asked.answers, asked.choices
    starts_at = answers.get("starts_at")
    count = facts.count if isinstance(facts, PlanFacts) else 0
    lines = rosterforms.labelled(
        voice,
        ("label.meeting_kind", voice.term("meeting_kind", answers["kind"]) if answers.get("kind") else ""),
        ("label.meeting_topic", topic(str(answers.get("topic") or ""))),
        ("label.meeting_unit", voice.place(facts.place) if isinstance(facts, PlanFacts) else ""),
        ("label.meeting_time", voice.when(datetime.fromisoformat(str(starts_at))) if starts_at else ""),
        ("label.meeting_where", line(str(answers.get("where") or ""), limit=60)),
        ("label.meeting_agenda", words(str(answers.get("agenda") or ""), limit=600)),
    )
    if not count:
        # There is nobody to plan it for: another unit is a step back.
        reach = voice.say("meeting.nobody")
    elif answers.get("past"):
        reach = voice.say("meeting.writes_down")
    else:
        key = "meeting.reaches_more" if count > MOST_COUNTED else "meeting.reaches"
        reach = voice.say(key, count=min(count, MOST_COUNTED))
    return rosterforms.question(
        asked,
        card(voice.say("check.meeting"), block(*lines), reach),
        voice,
        ((voice.button("button.meeting_plan", "form.submit", asked.version),),) if count else (),
    )


def what_to_correct(asked: Prompt, voice: Voice) -> Keyboard:
    """Which of its words."""
    return (
        tuple(
            Button(plain(voice.say(key)), press("meeting.what", asked.version, what))
            for what, key in (
                ("topic", "label.meeting_topic"),
                ("where", "label.meeting_where"),
                ("agenda", "label.meeting_agenda"),
            )
        ),
    )


# --- the card -----------------------------------------------------------------------------------------------------------


def _under_way(facts: MeetingCard, voice: Voice) -> bool:
    return facts.opens_at <= voice.now


def meeting_card(params: Mapping[str, Scalar], facts: MeetingCard, voice: Voice) -> Message:
    """What it is, who is coming or there, what was decided, and what may be done about it."""
    meeting, counts = facts.meeting, facts.counts
    planned = meeting.state is MeetingState.PLANNED
    return Message(
        card(
            voice.on_top(params),
            described(meeting, voice),
            block(
                voice.say(
                    "meeting.card_state",
                    state=state_of(meeting, voice),
                    name=line(facts.author, limit=40) or voice.say("someone"),
                ),
                voice.say(
                    "meeting.answers",
                    total=counts.total,
                    coming=counts.coming,
                    leave=counts.leave,
                    silent=counts.silent,
                )
                if counts.total
                else "",
                voice.say("meeting.attended", here=counts.here, total=counts.total)
                if _under_way(facts, voice) and meeting.state is not MeetingState.CANCELLED
                else "",
                voice.say("meeting.kept_minutes", count=facts.parts) if facts.parts else "",
                voice.say("meeting.kept_decisions", count=facts.followups, open=facts.open_followups)
                if facts.followups
                else "",
            ),
            _next(facts, voice),
        ),
        keyboard=_buttons(facts, voice, planned=planned),
    )


def _next(facts: MeetingCard, voice: Voice) -> Html:
    meeting = facts.meeting
    if meeting.state is MeetingState.CANCELLED:
        return voice.say("meeting.next_cancelled")
    if meeting.state is MeetingState.HELD:
        return voice.say("meeting.next_held_open" if facts.amends else "meeting.next_held")
    if facts.walking in (Walking.FREEZING, Walking.TELLING):
        return voice.say("meeting.next_leaving")
    if voice.now < facts.opens_at:
        return voice.say("meeting.next_planned", when=voice.when(facts.opens_at))
    return voice.say("meeting.next_under_way", when=voice.when(facts.closes_at))


def _buttons(facts: MeetingCard, voice: Voice, *, planned: bool) -> Keyboard:
    meeting, number = facts.meeting, facts.meeting.id
    if meeting.state is MeetingState.CANCELLED:
        return ()
    begun = voice.now >= meeting.starts_at
    lists = (
        voice.button("button.meeting_absent", "meeting.absent", number),
        voice.button("button.meeting_present", "meeting.present", number),
    )
    kept = (
        (
            voice.button("button.meeting_write", "meeting.write", number),
            voice.button("button.meeting_follows", "meeting.follows", number),
        ),
        *(((voice.button("button.meeting_minutes", "meeting.minutes", number),),) if facts.parts else ()),
    )
    if not planned:
        return (lists, *kept)
    correct = (
        (voice.button("button.meeting_correct", "meeting.correct", number),)
        if facts.correctable(voice.now)
        else ()
    )
    if not _under_way(facts, voice):
        return (
            (voice.button("button.meeting_list", "meeting.absent", number),),
            (voice.button("button.meeting_move", "meeting.move", number), *correct),
            (
                voice.button("button.meeting_pin", "meeting.pin", number),
                voice.button("button.meeting_cancel", "meeting.cancel", number),
            ),
        )
    codes = (
        voice.button("button.meeting_code", "meeting.code", number),
        voice.button("button.meeting_qr", "meeting.qr", number),
    )
    open_ = voice.now <= facts.closes_at
    return (
        *((codes,) if open_ else ()),
        lists,
        *(kept if begun else ()),
        *(((voice.button("button.meeting_close", "meeting.close", number),),) if begun else ()),
        (*correct, voice.button("button.meeting_cancel", "meeting.cancel", number)),
    )


def to_close(params: Mapping[str, Scalar], facts: MeetingCard, voice: Voice) -> Message:
    """It should be over: who was there, and that it wants closing."""
    counts = facts.counts
    return Message(
        card(
            voice.say("meeting.ended"),
            described(facts.meeting, voice),
            voice.say("meeting.attended", here=counts.here, total=counts.total),
        ),
        keyboard=((voice.button("button.meeting_open", "meeting.card", facts.meeting.id),),),
    )


def _back(number: int, voice: Voice) -> tuple[Button, ...]:
    return (voice.button("button.meeting_back", "meeting.back", number),)


def surely_cancel(facts: MeetingCard, *, voice: Voice) -> Message:
    """Asked once more."""
    number = facts.meeting.id
    return Message(
        voice.say("meeting.cancel_surely", topic=topic(facts.meeting.topic), count=facts.counts.total),
        keyboard=(
            (voice.button("button.meeting_cancel_yes", "meeting.cancelyes", number),),
            _back(number, voice),
        ),
    )


def surely_close(facts: MeetingCard, *, voice: Voice) -> Message:
    """What will stand on the sheet."""
    number, counts = facts.meeting.id, facts.counts
    points = voice.rules.meetings.points
    return Message(
        card(
            voice.say(
                "meeting.close_surely",
                topic=topic(facts.meeting.topic),
                total=counts.total,
                here=counts.here,
                leave=counts.leave,
            ),
            voice.say("meeting.close_earns", points=voice.points(points)) if points else "",
        ),
        keyboard=(
            (voice.button("button.meeting_close_yes", "meeting.closeyes", number),),
            (voice.button("button.meeting_absent", "meeting.absent", number),),
            _back(number, voice),
        ),
    )


# --- what was decided ---------------------------------------------------------------------------------------------------


def follows_again(params: Mapping[str, Scalar], facts: FollowupPage, voice: Voice) -> Message:
    """The list as it is now, kept up to date."""
    return follows(facts, voice=voice)


def follows(found: FollowupPage, *, voice: Voice) -> Message:
    """What was decided, each to be ticked off, and one more."""
    number, page = found.meeting_id, found.page
    told = [
        voice.say(
            "followup.line_done" if one.done_at else "followup.line",
            words=line(one.what, limit=200),
            name=line(one.owner, limit=40) or voice.say("someone"),
            by=until(one.due_on, voice),
        )
        for one in page.rows
    ]
    settle = (
        (
            Button(
                cut(plain(voice.say("button.followup_done_named", words=line(one.what, limit=24))), BUTTON),
                press("followup.settle", one.id, f"{number}_{page.page}"),
            ),
        )
        for one in page.rows
        if one.done_at is None
    )
    turns = tuple(
        voice.button(key, "meeting.follows", number, to)
        for key, to in (("button.page_before", page.page - 1), ("button.page_after", page.page + 1))
        if 1 <= to <= page.pages
    )
    return Message(
        card(
            voice.say("followup.title", topic=topic(found.topic), count=page.total),
            block(*told) if told else voice.say("followup.none"),
        ),
        keyboard=(
            *settle,
            *((turns,) if turns else ()),
            *(((voice.button("button.followup_new", "meeting.follow", number),),) if found.may_add else ()),
            _back(number, voice),
        ),
    )


def owners(asked: Prompt, voice: Voice) -> Keyboard:
    """Who does it: those who were invited, some at a time."""
    page = asked.choices
    if not isinstance(page, Page):
        return ()
    turns = tuple(
        voice.button(key, "meeting.owners", asked.version, to)
        for key, to in (("button.page_before", page.page - 1), ("button.page_after", page.page + 1))
        if 1 <= to <= page.pages
    )
    people = (
        Button(cut(plain(line(row.name, limit=24)), BUTTON), press("meeting.owner", asked.version, row.id))
        for row in page.rows
    )
    return (*rows(people, width=2), *((turns,) if turns else ()))


def due_days(asked: Prompt, voice: Voice) -> Keyboard:
    """Usual last days."""
    return rows(
        (
            Button(
                plain(voice.day(voice.today + timedelta(days=one))),
                press("meeting.dueday", asked.version, one),
            )
            for one in (3, 7, 14, 30)
        ),
        width=2,
    )
