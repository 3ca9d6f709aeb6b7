"""Who is at a meeting and who is not, as who keeps the list reads it, and the code that is shown on the spot."""

from __future__ import annotations

import io
from collections.abc import Mapping

import segno

from domain.base import Scalar
from domain.meetings.shapes import Answer, Presence
from domain.meetings.shown import CodeFacts, GuestLine, GuestPage
from views import rosterforms
from views.forms import Prompt
from views.meetings import BUTTON, topic
from views.message import Button, Message
from views.safe import Html, cut, line, plain
from views.voice import Voice, block, card, press, rows

_SCALE = 12
"""Pixels of a square of the picture."""
_FAR = 10**8
"""How far back a page may begin for its buttons to say so: no branch is so long."""
_QUIET = 4
"""White squares around it, without which some cameras do not find it."""


def _back(number: int, voice: Voice) -> tuple[Button, ...]:
    return (voice.button("button.meeting_back", "meeting.back", number),)


def list_again(params: Mapping[str, Scalar], facts: GuestPage, voice: Voice) -> Message:
    """The list as it is now."""
    return guests(facts, voice=voice)


def guests(found: GuestPage, *, voice: Voice) -> Message:
    """Those who are there, or those who are not, each to be struck or ticked by hand; with a reason once it is closed."""
    number = found.meeting_id
    verbs = ("meeting.takeoff", "meeting.puton") if found.amends else ("meeting.strike", "meeting.tick")
    verb, label = (verbs[0], "button.meeting_strike") if found.here else (verbs[1], "button.meeting_tick")
    changes = found.open or found.amends
    ticks = (
        Button(
            cut(plain(voice.say(label, name=line(one.name, limit=20))), BUTTON),
            press(verb, number, _pressed(one, found)),
        )
        for one in found.rows
    )
    turn = "meeting.present" if found.here else "meeting.absent"
    more = (
        ((Button(plain(voice.say("button.page_after")), press(turn, number, found.next_after)),),)
        if found.next_after is not None
        else ()
    )
    return Message(
        card(
            voice.say(_title(found), topic=topic(found.topic)),
            block(*(_guest(one, voice) for one in found.rows))
            if found.rows
            else voice.say("meeting.here_nobody" if found.here else "meeting.absent_nobody"),
            voice.say("meeting.amend_how" if found.amends else "meeting.tick_how")
            if changes and found.rows
            else "",
        ),
        keyboard=(*(rows(ticks, width=2) if changes else ()), *more, _back(number, voice)),
    )


def _title(found: GuestPage) -> str:
    if found.here:
        return "meeting.here_title"
    # Before anybody may check in it is no reproach to stand there.
    return "meeting.list_title" if found.to_come else "meeting.absent_title"


def _pressed(one: GuestLine, found: GuestPage) -> str:
    """Who it is, and how far back the page begins, where that leaves room for both on a button."""
    back = one.person_id - found.after
    return f"{one.person_id}_{back}" if 0 < back < _FAR else str(one.person_id)


def _guest(one: GuestLine, voice: Voice) -> Html:
    name = line(one.name, limit=40) or voice.say("someone")
    if one.checked_in_at is not None:
        key = "meeting.guest_ticked" if one.presence is Presence.HAND else "meeting.guest_here"
        return voice.say(key, name=name, when=voice.when(one.checked_in_at))
    if one.presence is Presence.STRUCK:
        return voice.say("meeting.guest_struck", name=name)
    if one.answer is Answer.LEAVE:
        return voice.say("meeting.guest_leave", name=name, words=line(one.reason, limit=100))
    if not one.reachable:
        return voice.say("meeting.guest_offline", name=name)
    if one.answer is Answer.COMING:
        return voice.say("meeting.guest_coming", name=name)
    return voice.say("meeting.guest_silent", name=name)


def asks_why(asked: Prompt, voice: Voice) -> Message:
    """Why a closed list is changed."""
    key = "ask.meeting_amend_in" if asked.answers.get("here") else "ask.meeting_amend_out"
    return rosterforms.asks(key)(asked, voice)


# --- the code -----------------------------------------------------------------------------------------------------------


def code(found: CodeFacts, *, voice: Voice) -> Message:
    """Six digits to be read out or shown."""
    return Message(
        card(
            voice.say("meeting.code_title", topic=topic(found.topic)),
            voice.say("meeting.code_is", code=found.code),
            voice.say("meeting.code_how", count=found.seconds),
            voice.say("meeting.attended", here=found.counts.here, total=found.counts.total),
        ),
        keyboard=(
            (
                voice.button("button.meeting_code_again", "meeting.code", found.meeting_id),
                voice.button("button.meeting_qr", "meeting.qr", found.meeting_id),
            ),
            _back(found.meeting_id, voice),
        ),
    )


def below_qr(found: CodeFacts, *, voice: Voice) -> Message:
    """What stands under the picture."""
    return Message(
        voice.say("meeting.qr_how"),
        keyboard=((voice.button("button.meeting_qr_again", "meeting.qr", found.meeting_id),),),
    )


def link_of(bot_username: str, found: CodeFacts) -> str:
    """The address that checks in whoever scans it, while its code is taken."""
    return f"https://t.me/{bot_username}?start=m-{found.meeting_id}-{found.code}"


def picture(link: str) -> bytes:
    """An address as a square to be scanned: a PNG. A few milliseconds of work."""
    file = io.BytesIO()
    segno.make(link, error="m", micro=False).save(file, kind="png", scale=_SCALE, border=_QUIET)
    return file.getvalue()
