"""Going along with one's own request: the list, the card's presses, adding, writing, taking back, rating.

How one is raised is ``raising.py``'s; the desk's side is ``desk.py``, the helper's ``tasks.py``.
"""

from __future__ import annotations

from dataclasses import replace

from domain.base import NOT_FOUND, Refused
from domain.queries import ListMine, RequestContents, RequestFacts, SeeCard, SeeRequest
from domain.requests import (
    FINAL,
    MAX_WORDS,
    AddToRequest,
    ConfirmRequest,
    ReturnRequest,
    WithdrawRequest,
    WriteLetter,
)
from handlers import forms, steps
from handlers.contents import restored, stored
from handlers.forms import ALBUM, CONTENTS, Answers, Form, Said, Step, Taken
from handlers.raising import danger_step
from handlers.turn import Answer, Do, Show, Turn, sent, turned
from storage.drafts import Draft
from views import requests as screens

# --- forms ------------------------------------------------------------------------------------------------------------


def _add(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        AddToRequest(int(answers["request_id"]), restored(answers[CONTENTS])),
        replies=(
            turn.words("request.added_thanks", edit=draft.message_id, number=int(answers["request_id"])),
        ),
        toast="toast.saved",
    )


ADD = Form(
    "add",
    (
        Step("words", take=forms.gather, gathers=True, words_enough=True, goes_on=("form.done",)),
        danger_step(),
    ),
    submit=_add,
    rings=True,
)


def _give_back(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        ReturnRequest(int(answers["request_id"]), str(answers["reason"])),
        replies=(turn.words("unsolved.sent", edit=draft.message_id),),
    )


UNSOLVED = Form("unsolved", (Step("reason", take=steps.words("reason", most=MAX_WORDS)),), submit=_give_back)

LETTER_TAIL = "tail"


async def _one_letter(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.content is None:
        raise Refused("form.choose_button")
    return Taken({CONTENTS: [stored(said.content)]})


def _write(turn: Turn, answers: Answers, draft: Draft) -> Do:
    content = restored(answers[CONTENTS])[0]
    do = Do(WriteLetter(int(answers["request_id"]), content))
    if draft.step != LETTER_TAIL:
        do = replace(do, replies=(turn.words("letter.sent", edit=draft.message_id),))
    if not content.album:
        return do
    # An album comes as several messages, and each is a letter of its own: the form waits for the rest of it.
    tail = {"request_id": answers["request_id"], ALBUM: content.album}
    return replace(do, draft=Draft(LETTER.name, LETTER_TAIL, tail, forms.next_version(draft)))


LETTER = Form(
    "letter",
    (
        Step("words", take=_one_letter),
        Step(LETTER_TAIL, take=_one_letter, tail=True, when=lambda answers: False),
    ),
    submit=_write,
)


async def _requester_card(turn: Turn, request_id: int) -> RequestFacts:
    """What the requester sees of it. Raises Refused for everyone else."""
    card = await turn.read(SeeCard("request.card", request_id))
    if not isinstance(card.facts, RequestFacts):
        raise Refused(NOT_FOUND)
    return card.facts


async def add(turn: Turn) -> Answer:
    """``request.add:<id>``."""
    facts = await _requester_card(turn, turn.pressed.id)
    if facts.state in FINAL:
        raise Refused("request.over")
    return await forms.begin(turn, ADD, {"request_id": facts.id})


async def write(turn: Turn) -> Answer:
    """``request.write:<id>``: from either side, while somebody is at work on it."""
    await turn.read(SeeRequest(turn.pressed.id))
    return await forms.begin(turn, LETTER, {"request_id": turn.pressed.id})


# --- looking --------------------------------------------------------------------------------------------------------------


async def mine(turn: Turn) -> Answer:
    """``/mine``."""
    return sent(screens.mine(await turn.read(ListMine()), voice=await turn.voice()))


async def mine_page(turn: Turn) -> Answer:
    """``mine.page:<n>``."""
    return turned(turn, screens.mine(await turn.read(ListMine(turn.pressed.id)), voice=await turn.voice()))


async def see(turn: Turn) -> Answer:
    """``request.see:<id>``."""
    return await open_card(turn, turn.pressed.id)


async def open_card(turn: Turn, request_id: int) -> Show:
    """A card of the reader's own part in the request, at the bottom of the chat."""
    card = await turn.read(SeeRequest(request_id))
    return Show(replies=(turn.new_card(card.kind, card.subject_id, **card.params),))


async def photos(turn: Turn) -> Answer:
    """``request.photos:<id>``: everything that was sent about it."""
    contents = await turn.read(RequestContents(turn.pressed.id))
    return sent(*screens.contents(contents, voice=await turn.voice()))


# --- taking back --------------------------------------------------------------------------------------------------------


async def withdraw(turn: Turn) -> Answer:
    """``request.withdraw:<id>``: asked once more."""
    await _requester_card(turn, turn.pressed.id)
    return turned(turn, screens.sure_to_withdraw(turn.pressed.id, voice=await turn.voice()))


async def withdraw_yes(turn: Turn) -> Answer:
    """``request.withdrawyes:<id>``."""
    card = turn.card("request.card", turn.pressed.id)
    words = turn.words("withdrawn", number=turn.pressed.id)
    return Do(WithdrawRequest(turn.pressed.id), replies=(card, words), if_refused=card)


async def keep(turn: Turn) -> Answer:
    """``request.keep:<id>``: the card as it was."""
    return Show(replies=(turn.card("request.card", turn.pressed.id),), toast="toast.kept")


# --- the end ----------------------------------------------------------------------------------------------------------------


async def solved(turn: Turn) -> Answer:
    """``request.solved:<id>``: how was it?"""
    facts = await _requester_card(turn, turn.pressed.id)
    if not facts.may_confirm:
        return await keep(turn)
    return turned(turn, screens.stars(turn.pressed.id, voice=await turn.voice()))


async def rate(turn: Turn) -> Answer:
    """``request.rate:<id>:<stars>``; one or two stars are asked about once more."""
    stars = turn.pressed.count
    if stars in (1, 2):
        return turned(turn, screens.really_solved(turn.pressed.id, stars=stars, voice=await turn.voice()))
    return _confirm(turn, stars=stars, sure=False)


async def surely(turn: Turn) -> Answer:
    """``request.surely:<id>:<stars>``: solved all the same."""
    return _confirm(turn, stars=turn.pressed.count, sure=True)


def _confirm(turn: Turn, *, stars: int, sure: bool) -> Do:
    card = turn.card("request.card", turn.pressed.id)
    return Do(
        ConfirmRequest(turn.pressed.id, stars, sure=sure),
        replies=(card,),
        if_refused=card,
        toast="toast.thanks",
    )


async def unsolved(turn: Turn) -> Answer:
    """``request.unsolved:<id>``: what is missing?"""
    facts = await _requester_card(turn, turn.pressed.id)
    if not facts.may_confirm:
        return await keep(turn)
    return await forms.begin(turn, UNSOLVED, {"request_id": facts.id})


FORMS = (ADD, UNSOLVED, LETTER)
