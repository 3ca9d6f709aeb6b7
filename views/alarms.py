"""Danger: the numbers to call, at once; and the card that rings leader and secretary."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.queries import AlarmFacts
from views.desk import who_and_where
from views.message import Message
from views.safe import line, words
from views.voice import Voice, block, card


def danger(*, voice: Voice, version: int | None = None) -> Message:
    """Whom to call, what is done here meanwhile, and a way on when it is no emergency."""
    return Message(
        voice.say("alarm.danger"),
        keyboard=((voice.button("button.calm", "request.calm", version),),) if version is not None else (),
    )


def danger_kind(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """The same as a stored message; ``version`` among its parameters."""
    version = params.get("version")
    return danger(voice=voice, version=version if isinstance(version, int) else None)


def alarm_card(params: Mapping[str, Scalar], facts: AlarmFacts, voice: Voice) -> Message:
    """Who is in danger, where, in what words; one press says that somebody acts."""
    open_still = facts.acknowledged_at is None
    seen = (
        ""
        if facts.acknowledged_at is None
        else voice.say(
            "alarm.seen_by",
            name=line(facts.acknowledged_by, limit=40) or voice.say("someone"),
            when=voice.when(facts.acknowledged_at),
        )
    )
    return Message(
        card(
            voice.on_top(params),
            block(voice.say("alarm.title", when=voice.when(facts.raised_at)), seen),
            who_and_where(facts.contact, voice.place(facts.place), voice=voice),
            f"<blockquote>{words(facts.words, limit=1500)}</blockquote>" if facts.words else "",
            voice.say("alarm.what_to_do") if open_still else "",
        ),
        keyboard=((voice.button("button.seen", "alarm.seen", facts.id),),) if open_still else (),
    )


def acknowledged(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For who rang: somebody has seen it."""
    name = params.get("leader")
    return Message(
        voice.say("alarm.acknowledged", leader=line(str(name), limit=40) if name else voice.say("someone"))
    )
