"""Points as their owner reads them: both numbers, what came in, and what is on the way."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.points import MOVED, Cap
from domain.queries import PointRow, PointsFacts
from views.message import Message
from views.safe import Html
from views.voice import Voice, block, card

CAPS_OF_SERVICE = tuple(cap for cap in Cap if cap is not Cap.STUDY)


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
            else "",
            "" if facts.entries or facts.waiting else voice.say("points.no_entries"),
        )
    )


def _row(row: PointRow, voice: Voice) -> Html:
    when, amount = voice.day(row.at.astimezone(voice.zone).date()), voice.points(row.amount)
    if row.kind in MOVED:
        return voice.say(
            "points.row_moved", when=when, what=voice.term("points.moved", row.kind), points=amount
        )
    known = f"service.{row.kind}" in voice.texts
    told = voice.say(
        "points.row_request" if row.request_id is not None else "points.row",
        when=when,
        points=amount,
        what=voice.term("service", row.kind) if known else voice.say("points.work"),
        number=row.request_id or 0,
        span=voice.span(row.minutes),
        percent=row.factor,
    )
    return block(told, _cut(row, voice) if row.cut else "")


def _cut(row: PointRow, voice: Voice) -> Html:
    why = voice.term("points.above", row.cap if row.cap in tuple(Cap) else Cap.STUDY)
    return voice.say("points.cut", why=why, points=voice.points(row.cut))


def capped(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """What a cap on hours of service, or on a request referred again, has cut off."""
    cap, most, over, posted, cut = (params.get(name) for name in ("cap", "most", "over", "posted", "cut"))
    return Message(
        voice.say(
            f"points.capped.{cap if cap in CAPS_OF_SERVICE else Cap.DAY}",
            most=int(most or 0),
            over=voice.span(int(over or 0)),
            posted=voice.points(int(posted or 0)),
            cut=voice.points(int(cut or 0)),
        )
    )
