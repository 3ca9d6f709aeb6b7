"""How hours are agreed on before, and how a helper hears of them."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from views import rosterforms
from views.forms import Prompt
from views.message import Button, Message
from views.voice import Voice, press, rows


def ask_hours(asked: Prompt, voice: Voice) -> Message:
    """From what counts anyhow to what counts in a day."""
    least, most = voice.rules.points.task_hours, voice.rules.points.day_hours
    usual = (
        Button(str(one), press("request.agree", asked.version, one)) for one in range(least + 1, most + 1)
    )
    return rosterforms.question(asked, voice.say("ask.agree_hours", most=least), voice, rows(usual, width=6))


def agreed(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For a helper: how many hours of their work count at most."""
    number, hours = (int(params.get(name) or 0) for name in ("number", "hours"))
    return Message(voice.say("task.agreed", number=number, hours=hours))
