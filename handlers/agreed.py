"""Hours agreed on before: how much of a helper's work on a request counts at most."""

from __future__ import annotations

from domain.agreed import AgreeHours
from domain.requests import RequestState
from handlers import forms, parsing
from handlers.desk import desk_facts
from handlers.forms import Answers, Form, Said, Step, Taken
from handlers.turn import Answer, Do, Show, Turn
from storage.drafts import Draft
from views import agreed as screens


def _agree(turn: Turn, answers: Answers, draft: Draft) -> Do:
    number = int(answers["request_id"])
    said = turn.words("toast.saved", edit=draft.message_id)
    return Do(AgreeHours(number, int(answers["hours"])), replies=(said, turn.new_card("desk.card", number)))


async def _hours_said(turn: Turn, said: Said, answers: Answers) -> Taken:
    least, most = turn.rules.points.task_hours, turn.rules.points.day_hours
    typed = said.arg if said.verb else said.text
    return Taken({"hours": parsing.number(typed, least=least, most=most, key="hours.wrong")})


HOURS = Form(
    "agree_hours",
    (Step("hours", take=_hours_said, verbs=("request.agree",), screen=screens.ask_hours),),
    submit=_agree,
)


async def hours(turn: Turn) -> Answer:
    """``request.hours:<id>``: agreed on with the helpers before they report."""
    facts = await desk_facts(turn)
    if facts.task_id is None or facts.state not in (RequestState.OPEN, RequestState.IN_PROGRESS):
        return Show(replies=(turn.card("desk.card", facts.id),))
    return await forms.begin(turn, HOURS, {"request_id": facts.id})


FORMS = (HOURS,)
