"""Meetings as whoever is invited reads them: the invitation, what has changed, the reminder, one's own list, the minutes,
and what one has taken on there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from domain.base import Scalar
from domain.meetings.shapes import Answer, MeetingState, Presence
from domain.meetings.shown import (
    FollowupFacts,
    MeetingForGuest,
    MinutesFacts,
    MyMeeting,
    MyMeetings,
    OwnFollowup,
    PlannedLine,
    Shown,
)
from domain.permissions import Permission, allowed
from views import rosterforms
from views.message import MAX_TEXT, Button, Keyboard, Media, Message
from views.safe import Html, cut, line, plain, utf16_length, words
from views.voice import Voice, block, card, press

asks = rosterforms.asks
BUTTON = 40
"""Characters of a topic on a button."""


def topic(text: str) -> Html:
    """What a meeting is about."""
    return line(text, limit=80)


def until(day: date, voice: Voice) -> Html:
    """By which day something is to be done, or was."""
    key = "followup.by"
    if day < voice.today:
        key = "followup.by_then"
    elif day - voice.today <= timedelta(days=1):
        key = "followup.within"
    return voice.say(key, day=voice.day(day))


def state_of(meeting: Shown | PlannedLine, voice: Voice) -> Html:
    """How it stands: while it is on, and until it is closed, the time tells more than the state."""
    if meeting.state is MeetingState.PLANNED and meeting.starts_at <= voice.now:
        over = meeting.starts_at + timedelta(minutes=meeting.minutes) <= voice.now
        return voice.say("meeting.to_be_closed" if over else "meeting.is_on")
    return voice.term("state.meeting", meeting.state)


def described(meeting: Shown, voice: Voice) -> Html:
    """What it is, of which unit, when, where, and what is on the agenda."""
    return card(
        block(
            voice.say(
                "meeting.what", kind=voice.term("meeting_kind", meeting.kind), topic=topic(meeting.topic)
            ),
            voice.place(meeting.place),
            voice.say("meeting.when", when=voice.when(meeting.starts_at), span=voice.span(meeting.minutes)),
            voice.say("meeting.where", place=line(meeting.where, limit=60)),
        ),
        voice.say("meeting.agenda", words=words(meeting.agenda, limit=600)) if meeting.agenda else "",
    )


def _standing(facts: MeetingForGuest, voice: Voice, *, reminded: bool = False) -> Html:
    """How the reader stands to it, and what comes next; ``reminded``: that is being said."""
    state = facts.meeting.state
    if facts.presence is Presence.HAND:
        return voice.say("meeting.was_here" if state is MeetingState.HELD else "meeting.is_ticked")
    if facts.checked_in_at is not None:
        return voice.say("meeting.is_here", when=voice.when(facts.checked_in_at))
    if state is MeetingState.CANCELLED:
        return voice.say("meeting.is_off")
    if state is MeetingState.HELD and facts.presence is Presence.STRUCK:
        return voice.say("meeting.was_struck")
    if state is MeetingState.HELD:
        return voice.say("meeting.was_on_leave" if facts.answer is Answer.LEAVE else "meeting.was_absent")
    if facts.presence is Presence.STRUCK:
        return voice.say("meeting.is_struck")
    match facts.answer:
        case Answer.COMING:
            soon = timedelta(hours=voice.rules.meetings.remind_hours_before)
            near = reminded or facts.meeting.starts_at - soon <= voice.now
            return voice.say("meeting.is_coming_soon" if near else "meeting.is_coming")
        case Answer.LEAVE:
            return voice.say("meeting.is_on_leave", words=line(facts.reason, limit=200))
    return voice.say("meeting.please_answer")


def _buttons(facts: MeetingForGuest, voice: Voice) -> Keyboard:
    meeting, number = facts.meeting, facts.meeting.id
    planned = meeting.state is MeetingState.PLANNED
    answers: tuple[Button, ...] = ()
    if planned and voice.now < meeting.starts_at and facts.checked_in_at is None:
        answers = tuple(
            button
            for button, given in (
                (
                    voice.button("button.meeting_come", "meeting.come", number, meeting.edition),
                    Answer.COMING,
                ),
                (
                    voice.button("button.meeting_leave", "meeting.leave", number, meeting.edition),
                    Answer.LEAVE,
                ),
            )
            if facts.answer is not given
        )
    here = planned and facts.checked_in_at is None and voice.now <= facts.closes_at
    return tuple(
        row
        for row in (
            answers,
            (voice.button("button.meeting_checkin", "meeting.checkin", number),) if here else (),
            (voice.button("button.meeting_minutes", "meeting.minutes", number),) if facts.has_minutes else (),
            (voice.button("button.meetings_mine", "meetings.page", 1),),
        )
        if row
    )


def mine(params: Mapping[str, Scalar], facts: MeetingForGuest, voice: Voice) -> Message:
    """A meeting that one is invited to, as it stands."""
    return Message(
        card(voice.on_top(params), described(facts.meeting, voice), _standing(facts, voice)),
        keyboard=_buttons(facts, voice),
    )


def _told(head: Html, facts: MeetingForGuest, voice: Voice, *, reminded: bool = False) -> Message:
    return Message(
        card(head, described(facts.meeting, voice), _standing(facts, voice, reminded=reminded)),
        keyboard=_buttons(facts, voice),
    )


def copy(params: Mapping[str, Scalar], facts: MeetingForGuest, voice: Voice) -> Message:
    """The invitation."""
    return _told(voice.say("meeting.invited"), facts, voice)


def moved(params: Mapping[str, Scalar], facts: MeetingForGuest, voice: Voice) -> Message:
    """It is at another time or place; whatever was answered counts no more."""
    meeting = facts.meeting
    if meeting.was_at is None:
        return _told(voice.say("meeting.invited"), facts, voice)
    old = _when_and_where(meeting.was_at, meeting.was_place, voice)
    new = _when_and_where(meeting.starts_at, meeting.where, voice)
    return _told(voice.say("meeting.moved_told", old=old, new=new), facts, voice)


def _when_and_where(moment: datetime, place: str, voice: Voice) -> Html:
    if not place:
        return voice.when(moment)
    return voice.say("meeting.when_where", when=voice.when(moment), place=line(place, limit=60))


def corrected(params: Mapping[str, Scalar], facts: MeetingForGuest, voice: Voice) -> Message:
    """Its topic or place is another; whatever was answered stands."""
    return _told(voice.say("meeting.corrected_told"), facts, voice)


def reminder(params: Mapping[str, Scalar], facts: MeetingForGuest, voice: Voice) -> Message:
    """It is near."""
    head = voice.say("meeting.reminded", when=voice.when(facts.meeting.starts_at))
    return _told(head, facts, voice, reminded=True)


def cancelled(params: Mapping[str, Scalar], facts: MeetingForGuest, voice: Voice) -> Message:
    """It does not take place."""
    return Message(card(voice.say("meeting.cancelled_told"), described(facts.meeting, voice)))


# --- answering and checking in ----------------------------------------------------------------------------------------------


def scanned(facts: MeetingForGuest, code: str, *, voice: Voice) -> Message:
    """What was scanned, and the press that checks in."""
    return Message(
        card(described(facts.meeting, voice), voice.say("meeting.scanned")),
        keyboard=((voice.button("button.meeting_scan", "meeting.scan", facts.meeting.id, code),),),
    )


# --- one's own list ---------------------------------------------------------------------------------------------------------


def list_again(params: Mapping[str, Scalar], facts: MyMeetings, voice: Voice) -> Message:
    """One's own list as it is now."""
    return my_meetings(facts, voice=voice)


def my_meetings(facts: MyMeetings, *, voice: Voice) -> Message:
    """To come, or this year's record; what one has taken on; and for who plans them the way to the desk."""
    page = facts.page
    head = "meeting.record" if facts.past else "meeting.coming"
    actor = voice.reader.actor
    staff = actor is not None and allowed(actor, Permission.PLAN_MEETING, None)
    other = (
        voice.button("button.meetings_coming", "meetings.page", 1)
        if facts.past
        else voice.button("button.meetings_record", "meetings.past", 1)
    )
    return Message(
        card(
            voice.say(head, count=page.total)
            if page.rows
            else voice.say("meeting.no_record" if facts.past else "meeting.none_coming"),
            block(*(_row(row, voice) for row in page.rows)),
            voice.say(
                "meeting.year",
                year=str(facts.year),
                count=facts.held,
                here=facts.here,
                leave=facts.leave,
                absent=facts.held - facts.here - facts.leave,
            )
            if facts.held
            else "",
            block(
                voice.say("followup.mine", count=len(facts.followups)),
                *(
                    voice.say("followup.row", words=line(one.what, limit=100), by=until(one.due_on, voice))
                    for one in facts.followups
                ),
            )
            if facts.followups and not facts.past
            else "",
        ),
        keyboard=(
            *(_open(row, voice) for row in page.rows),
            *((_done(one, page.page, voice) for one in facts.followups) if not facts.past else ()),
            *voice.pages(page, "meetings.past" if facts.past else "meetings.page"),
            (other,),
            *(((voice.button("button.meetings_desk", "meetings.desk", 1),),) if staff else ()),
        ),
    )


def _open(row: MyMeeting, voice: Voice) -> tuple[Button, ...]:
    label = f"{plain(voice.term('meeting_kind', row.kind))} · {plain(topic(row.topic))}"
    return (Button(cut(label, BUTTON), press("meeting.open", row.id)),)


def _done(one: OwnFollowup, page: int, voice: Voice) -> tuple[Button, ...]:
    label = plain(voice.say("button.followup_done_named", words=line(one.what, limit=24)))
    return (Button(cut(label, BUTTON), press("followup.done", one.id, page)),)


def _row(row: MyMeeting, voice: Voice) -> Html:
    named = {
        "when": voice.when(row.starts_at),
        "kind": voice.term("meeting_kind", row.kind),
        "topic": topic(row.topic),
    }
    if row.here:
        return voice.say("meeting.row_here", **named)
    if row.answer is Answer.LEAVE:
        return voice.say("meeting.row_leave", **named)
    if row.state is MeetingState.HELD:
        return voice.say("meeting.row_absent", **named)
    if row.answer is Answer.COMING:
        return voice.say("meeting.row_coming", **named)
    return voice.say("meeting.row_open", **named)


# --- minutes ----------------------------------------------------------------------------------------------------------------


def minutes(facts: MinutesFacts, *, voice: Voice) -> tuple[Message, ...]:
    """What was kept: the words in as few messages as hold them, then the pictures and files."""
    head = voice.say(
        "meeting.minutes_of",
        kind=voice.term("meeting_kind", facts.meeting.kind),
        topic=topic(facts.meeting.topic),
        when=voice.when(facts.meeting.starts_at),
    )
    if not facts.parts:
        return (Message(card(head, voice.say("meeting.no_minutes"))),)
    said = [head]
    for part in facts.parts:
        text = words(part.text, limit=MAX_TEXT)
        joined = card(said[-1], text)
        if utf16_length(joined) <= MAX_TEXT:
            said[-1] = joined
        else:
            said.append(text)
    media = tuple(Media(part.kind, part.file_id) for part in facts.parts if part.file_id)
    shown = (Message(voice.say("meeting.pictures", count=len(media)), media=media),) if media else ()
    return (*(Message(one) for one in said), *shown)


# --- what one has taken on --------------------------------------------------------------------------------------------------


def _followup(head: Html, facts: FollowupFacts, voice: Voice) -> Message:
    found = facts.line
    done = (
        voice.button("button.followup_done", "followup.done", found.id)
        if facts.own
        else voice.button("button.followup_done", "followup.settle", found.id)
    )
    return Message(
        card(
            head,
            block(
                voice.say("followup.what", words=line(found.what, limit=200)),
                voice.say(
                    "followup.who_when", name=line(found.owner, limit=40), by=until(found.due_on, voice)
                ),
                voice.say("followup.from", topic=topic(facts.topic), place=voice.place(facts.place)),
            ),
        ),
        keyboard=((done,),),
    )


def followup_given(params: Mapping[str, Scalar], facts: FollowupFacts, voice: Voice) -> Message:
    """Something was given to the reader to do."""
    return _followup(voice.say("followup.given"), facts, voice)


def followup_due(params: Mapping[str, Scalar], facts: FollowupFacts, voice: Voice) -> Message:
    """It is the last day."""
    return _followup(voice.say("followup.due"), facts, voice)


def followup_late(params: Mapping[str, Scalar], facts: FollowupFacts, voice: Voice) -> Message:
    """The last day is over."""
    return _followup(voice.say("followup.late"), facts, voice)


def followup_done(params: Mapping[str, Scalar], facts: FollowupFacts, voice: Voice) -> Message:
    """What was decided is done, for who planned the meeting."""
    found = facts.line
    return Message(
        block(
            voice.say("followup.finished", name=line(found.owner, limit=40) or voice.say("someone")),
            voice.say("followup.what", words=line(found.what, limit=200)),
            voice.say("followup.from", topic=topic(facts.topic), place=voice.place(facts.place)),
        ),
        keyboard=((voice.button("button.meeting_follows", "meeting.follows", facts.meeting_id),),),
    )
