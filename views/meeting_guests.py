"""Who is at a meeting and who is not, as who keeps the list reads it, and the code that is shown on the spot."""

from __future__ import annotations

import io
from collections.abc import Mapping

import segno

from domain.base import Scalar
from domain.meetings.shapes import Answer, Presence
from domain.meetings.shown import CodeFacts, GuestLine, GuestPage
from views.meetings import BUTTON, topic
from views.message import Button, Message
from views.safe import Html, cut, line, plain
from views.voice import Voice, block, card, press, rows

_SCALE = 12
"""Pixels of a square of the picture."""
_QUIET = 4
"""White squares around it, without which some cameras do not find it."""


def _back(number: int, voice: Voice) -> tuple[Button, ...]:
    return (voice.button("button.meeting_back", "meeting.card", number),)


def list_again(params: Mapping[str, Scalar], facts: GuestPage, voice: Voice) -> Message:
    """The list as it is now."""
    return guests(facts, voice=voice)


def guests(found: GuestPage, *, voice: Voice) -> Message:
    """Those who are there, or those who are not, each to be struck or ticked by hand."""
    number = found.meeting_id
    verb, label = (
        ("meeting.strike", "button.meeting_strike") if found.here else ("meeting.tick", "button.meeting_tick")
    )
    ticks = (
        Button(
            cut(plain(voice.say(label, name=line(one.name, limit=20))), BUTTON),
            press(verb, number, one.person_id),
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
            voice.say(
                "meeting.here_title" if found.here else "meeting.absent_title", topic=topic(found.topic)
            ),
            block(*(_guest(one, voice) for one in found.rows))
            if found.rows
            else voice.say("meeting.here_nobody" if found.here else "meeting.absent_nobody"),
            voice.say("meeting.tick_how") if found.open and found.rows else "",
        ),
        keyboard=(*(rows(ticks, width=2) if found.open else ()), *more, _back(number, voice)),
    )


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
