"""The desk of leaders and secretaries: what waits, one request, put right, accepted or declined."""

from __future__ import annotations

import re
from collections.abc import Callable

from domain.base import NOT_FOUND, Refused
from domain.desk import CountDesk, ListCalls
from domain.notices.shapes import TickOffCall
from domain.queries import DeskFacts, ListDesk, SeeCard
from domain.requests import (
    MAX_WORDS,
    AcceptRequest,
    AskResident,
    CorrectRequest,
    DeclineRequest,
    RequestState,
    VerifyRequest,
)
from handlers import forms, steps
from handlers.forms import Answers, Form, Step
from handlers.turn import Answer, Do, Show, Turn, sent, turned
from storage.drafts import Draft
from storage.outbox import Reply
from views import desk as screens
from views.message import Message

_CALLED = re.compile(r"([0-9]{1,18})_([0-9]{1,4})")


async def desk(turn: Turn) -> Answer:
    """``/desk``."""
    return sent(await _desk(turn, 1))


async def desk_page(turn: Turn) -> Answer:
    """``desk.page:<n>``."""
    return turned(turn, await _desk(turn, turn.pressed.id))


async def _desk(turn: Turn, number: int) -> Message:
    counts = await turn.read(CountDesk())
    return screens.desk(await turn.read(ListDesk(number)), counts, voice=await turn.voice())


async def calls(turn: Turn) -> Answer:
    """``desk.calls:<page>``: whom notices did not reach."""
    found = await turn.read(ListCalls(turn.pressed.id))
    return turned(turn, screens.calls(found, voice=await turn.voice()))


async def called(turn: Turn) -> Answer:
    """``desk.called:<notice>:<person>_<page>``: I have told them."""
    pressed = _CALLED.fullmatch(turn.pressed.arg)
    if pressed is None:
        raise Refused(NOT_FOUND)
    # The list is no thing with a number: what stands in its place is the page.
    shown = Reply(
        "desk.calls",
        turn.who.telegram_id,
        subject_id=int(pressed[2]),
        edit_message_id=turn.pressed.message_id,
    )
    action = TickOffCall(turn.pressed.id, int(pressed[1]))
    return Do(action, replies=(shown,), if_refused=shown, toast="toast.notice_called")


async def desk_facts(turn: Turn) -> DeskFacts:
    """The pressed request as staff see it. Raises Refused for who may not."""
    card = await turn.read(SeeCard("desk.card", turn.pressed.id))
    if not isinstance(card.facts, DeskFacts):
        raise Refused(NOT_FOUND)
    return card.facts


async def see(turn: Turn) -> Answer:
    """``desk.open:<id>``: below the list, or in place of a question about the same request."""
    await desk_facts(turn)
    asked = turn.beside("request.correct")
    card = _card(turn) if asked else turn.new_card("desk.card", turn.pressed.id)
    return Show(replies=(card,))


def _card(turn: Turn) -> Reply:
    return turn.card("desk.card", turn.pressed.id)


async def accept(turn: Turn) -> Answer:
    """``request.accept:<id>:<version>``. What may not be accepted any more shows as it is now."""
    return Do(
        AcceptRequest(turn.pressed.id), replies=(_card(turn),), if_refused=_card(turn), toast="toast.accepted"
    )


_CHOOSERS: dict[str, Callable[..., Message]] = {"u": screens.choose_urgency, "p": screens.choose_places}


async def correct(turn: Turn) -> Answer:
    """``request.correct:<id>:<version|u|p>``: which category, which urgency, how many places?"""
    chooser = _CHOOSERS.get(turn.pressed.arg, screens.choose_category)
    return turned(turn, chooser(await desk_facts(turn), voice=await turn.voice()))


async def set_category(turn: Turn) -> Answer:
    """``request.setcat:<id>:<code>``."""
    action = CorrectRequest(turn.pressed.id, category=turn.pressed.arg)
    return Do(action, replies=(_card(turn),), if_refused=_card(turn), toast="toast.saved")


async def set_urgency(turn: Turn) -> Answer:
    """``request.seturg:<id>:<code>``."""
    action = CorrectRequest(turn.pressed.id, urgency=turn.pressed.arg)
    return Do(action, replies=(_card(turn),), if_refused=_card(turn), toast="toast.saved")


async def places(turn: Turn) -> Answer:
    """``request.places:<id>:<n>``: accepted with so many places."""
    action = AcceptRequest(turn.pressed.id, places=turn.pressed.count)
    return Do(action, replies=(_card(turn),), if_refused=_card(turn), toast="toast.accepted")


def _decline(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        DeclineRequest(int(answers["request_id"]), str(answers["reason"])),
        replies=(turn.words("decline.sent", edit=draft.message_id),),
    )


DECLINE = Form("decline", (Step("reason", take=steps.words("reason", most=MAX_WORDS)),), submit=_decline)


async def decline(turn: Turn) -> Answer:
    """``request.decline:<id>:<version>``: the resident reads why, word for word."""
    facts = await desk_facts(turn)
    if not facts.may_decline:
        raise Refused(NOT_FOUND)
    return await forms.begin(turn, DECLINE, {"request_id": facts.id})


def _ask(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        AskResident(int(answers["request_id"]), str(answers["reason"])),
        replies=(turn.words("ask_resident.sent", edit=draft.message_id),),
    )


ASK = Form("ask_resident", (Step("reason", take=steps.words("reason", most=MAX_WORDS)),), submit=_ask)


async def ask(turn: Turn) -> Answer:
    """``request.ask:<id>:<version>``: a question to the resident; until they answer the clock stands still."""
    facts = await desk_facts(turn)
    if facts.state not in (RequestState.OPEN, RequestState.IN_PROGRESS):
        return Show(replies=(_card(turn),))
    return await forms.begin(turn, ASK, {"request_id": facts.id})


async def verify(turn: Turn) -> Answer:
    """``request.verify:<id>:<version>``: closed in silence, and done all the same."""
    return Do(
        VerifyRequest(turn.pressed.id), replies=(_card(turn),), if_refused=_card(turn), toast="toast.verified"
    )


FORMS = (DECLINE, ASK)
