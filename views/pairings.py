"""Pairings and their visits: who looks after whom, when the next visit is due, and how one is confirmed."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.pairings import VisitState
from domain.permissions import Permission, allowed
from domain.queries import Page, PairingFacts, PairRow, VisitFacts
from views.message import Button, Message
from views.requests import star_buttons, stars_line
from views.safe import Html, line, plain, words
from views.voice import Voice, block, card, press, rows


def visit_confirm(params: Mapping[str, Scalar], facts: VisitFacts, voice: Voice) -> Message:
    """Was the visit made, and how was it? For the household, and for a leader."""
    key = "visit.leader_asked" if facts.resident else "visit.household_asked"
    closed = facts.state is VisitState.CONFIRMED
    return Message(
        card(
            voice.on_top(params),
            block(
                voice.say(
                    key,
                    helper=line(facts.helper, limit=40) or voice.say("someone"),
                    resident=line(facts.resident, limit=40),
                    place=voice.place(facts.place),
                    flat=line(facts.flat, limit=40),
                    when=voice.when(facts.done_at) if facts.done_at else voice.day(facts.due_on),
                    span=voice.span(facts.minutes),
                ),
                voice.say("visit.wellbeing", how=voice.term("wellbeing", facts.wellbeing))
                if facts.resident and facts.wellbeing is not None
                else "",
                voice.quote(facts.report, limit=1200) if facts.resident else "",
            ),
            voice.say("visit.rated", stars=stars_line(facts.stars or 0)) if closed else "",
            voice.say("visit.please_rate") if facts.may_rate else "",
        ),
        keyboard=star_buttons("visit.rate", facts.id) if facts.may_rate else (),
    )


def _coming(key: str, params: Mapping[str, Scalar], voice: Voice) -> Message:
    name = params.get("member")
    return Message(voice.say(key, member=line(str(name), limit=40) if name else voice.say("someone")))


def visit_claimed(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For the household: somebody else has taken the visit on."""
    return _coming("visit.claimed", params, voice)


def visit_started(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For the household: the helper is on the way."""
    return _coming("visit.started", params, voice)


def visit_released(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For the household: the helper cannot come this time."""
    return _coming("visit.released", params, voice)


def made_member(params: Mapping[str, Scalar], facts: PairingFacts, voice: Voice) -> Message:
    """For the member: whom to look after, why, and when to come first."""
    return Message(
        card(
            voice.say(
                "pairing.made_member",
                resident=line(facts.resident, limit=40),
                place=voice.place(facts.place),
                flat=line(facts.flat, limit=40),
                need=voice.term("need", facts.need),
                cadence=cadence(facts.cadence_days, voice=voice),
                day=voice.day(facts.next_due_on),
            ),
            voice.say("task.notes", notes=words(facts.notes, limit=800)) if facts.notes else "",
        ),
        keyboard=((voice.button("button.pairs", "menu.open", 0, "pairs"),),),
    )


def made_resident(params: Mapping[str, Scalar], facts: PairingFacts, voice: Voice) -> Message:
    """For the household: who will come, and how often."""
    return Message(
        voice.say(
            "pairing.made_resident",
            member=line(facts.member, limit=40),
            cadence=cadence(facts.cadence_days, voice=voice),
            day=voice.day(facts.next_due_on),
        )
    )


def cadence(days: int, *, voice: Voice) -> Html:
    """How often: "every 7 days"."""
    return voice.say("cadence", count=days)


def pairs(page: Page[PairRow], *, voice: Voice) -> Message:
    """Whom the reader looks after, and the pairings of the units they lead."""
    staff = voice.reader.actor is not None and allowed(voice.reader.actor, Permission.PAIR, None)
    new = ((voice.button("button.new_pairing", "pairing.new", 0),),) if staff else ()
    if not page.rows:
        return Message(voice.say("pairs.none_staff" if staff else "pairs.none"), keyboard=new)
    to_do = (
        Button(plain(voice.say("button.see_visit", name=row.resident)), press("task.see", row.task_id))
        for row in page.rows
        if row.task_id is not None
    )
    return Message(
        card(voice.say("pairs.title", count=page.total), *(_row(row, voice) for row in page.rows)),
        keyboard=(*rows(to_do, width=2), *voice.pages(page, "pairs.page"), *new),
    )


def _row(row: PairRow, voice: Voice) -> Html:
    late = row.next_due_on < voice.today
    return block(
        voice.say(
            "pairs.row_mine" if row.mine else "pairs.row",
            resident=line(row.resident, limit=40),
            member=line(row.member, limit=40),
            place=voice.place(row.place),
            flat=line(row.flat, limit=40),
            need=voice.term("need", row.need),
        ),
        voice.say(
            "pairs.next_late" if late else "pairs.next",
            day=voice.day(row.next_due_on),
            cadence=cadence(row.cadence_days, voice=voice),
        ),
        voice.say(
            "pairs.last", when=voice.when(row.last_done_at), how=voice.term("wellbeing", row.last_wellbeing)
        )
        if row.last_done_at is not None and row.last_wellbeing is not None
        else voice.say("pairs.not_yet"),
    )
