"""Points as their owner reads them: both numbers, what came in, and what is on the way."""

from __future__ import annotations

from domain.queries import PointRow, PointsFacts
from views.message import Message
from views.safe import Html
from views.voice import Voice, block, card


def points(facts: PointsFacts, *, voice: Voice) -> Message:
    """Both balances, what waits to be posted, and the newest postings with what each was for."""
    return Message(
        card(
            voice.say(
                "points.title", honour=voice.points(facts.honour), spendable=voice.points(facts.spendable)
            ),
            voice.say("points.stopped") if facts.stopped else "",
            block(voice.say("points.waiting"), *(_row(row, voice) for row in facts.waiting))
            if facts.waiting
            else "",
            block(voice.say("points.entries"), *(_row(row, voice) for row in facts.entries))
            if facts.entries
            else voice.say("points.no_entries"),
        )
    )


def _row(row: PointRow, voice: Voice) -> Html:
    known = f"service.{row.kind}" in voice.texts
    told = voice.say(
        "points.row_request" if row.request_id is not None else "points.row",
        when=voice.day(row.at.astimezone(voice.zone).date()),
        points=voice.points(row.amount),
        what=voice.term("service", row.kind) if known else voice.say("points.work"),
        number=row.request_id or 0,
        span=voice.span(row.minutes),
        percent=row.factor,
    )
    return block(told, voice.say("points.cut", points=voice.points(row.cut)) if row.cut else "")
