"""What a notice under composition is about, and until when it is valid."""

from __future__ import annotations

from datetime import date

from domain.base import Refused
from domain.notices.shapes import CARD
from domain.notices.terms import MAX_VALID_DAYS, SetKind, SetValid
from handlers import forms, parsing, steps
from handlers.forms import Answers, Form, Said, Step, Taken
from handlers.notices import own_card
from handlers.turn import Answer, Do, Turn, turned
from storage.drafts import Draft
from views import notice_terms as screens


async def _last_day(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.verb:
        return Taken({"days": int(steps.chosen(said, _SPANS)), "until": ""})
    day = parsing.day(said.text, today=turn.today)
    if (day - turn.today).days > MAX_VALID_DAYS:
        raise Refused("notice.valid_far", most=MAX_VALID_DAYS)
    return Taken({"until": day.isoformat()})


def _set_valid(turn: Turn, answers: Answers, draft: Draft) -> Do:
    notice_id = int(answers["notice_id"])
    until = date.fromisoformat(str(answers["until"])) if answers["until"] else None
    action = SetValid(notice_id, days=int(answers.get("days") or 0), until=until)
    shown = (turn.words("toast.saved", edit=draft.message_id), turn.new_card(CARD, notice_id))
    return Do(action, replies=shown)


_SPANS = ("7", "30", "0")
VALID = Form(
    "notice_valid", (Step("last_day", take=_last_day, verbs=("notice.validfor",)),), submit=_set_valid
)


async def valid(turn: Turn) -> Answer:
    """``notice.valid:<id>``: until which day it is."""
    return await forms.begin(turn, VALID, {"notice_id": (await own_card(turn)).notice.id})


async def kinds(turn: Turn) -> Answer:
    """``notice.kinds:<id>``: what is it about?"""
    return turned(turn, screens.choose_kind(await own_card(turn), voice=await turn.voice()))


async def set_kind(turn: Turn) -> Answer:
    """``notice.kind:<id>:<code>``."""
    card = turn.card(CARD, turn.pressed.id)
    return Do(
        SetKind(turn.pressed.id, turn.pressed.arg), replies=(card,), if_refused=card, toast="toast.saved"
    )


FORMS: tuple[Form, ...] = (VALID,)
