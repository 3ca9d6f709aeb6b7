"""Tasks as helpers work them: the pool, taking one, starting, giving it back, reporting it done.

The presses that many make at once (taking, starting) look nothing up: the rules are asked straight away.
"""

from __future__ import annotations

from domain.base import Refused
from domain.queries import ListMyTasks, ListTasks, SeeCard, TaskFacts
from domain.requests import MAX_WORDS
from domain.tasks import AT_WORK, MAX_MINUTES, ClaimTask, ReleaseClaim, ReportClaim, StartClaim
from handlers import forms, parsing, steps
from handlers.contents import restored
from handlers.forms import CONTENTS, Answers, Form, Step
from handlers.turn import Answer, Do, Show, Turn, sent, turned
from storage.drafts import Draft
from storage.outbox import Reply
from views import tasks as screens

MAX_WELLBEING = 4


async def pool(turn: Turn) -> Answer:
    """``/tasks``."""
    return sent(screens.pool(await turn.read(ListTasks()), voice=await turn.voice()))


async def pool_page(turn: Turn) -> Answer:
    """``tasks.page:<n>``."""
    return turned(turn, screens.pool(await turn.read(ListTasks(turn.pressed.id)), voice=await turn.voice()))


async def mine(turn: Turn) -> Answer:
    """``/mytasks``."""
    return sent(screens.mine(await turn.read(ListMyTasks()), voice=await turn.voice()))


async def mine_page(turn: Turn) -> Answer:
    """``mytasks.page:<n>``."""
    return turned(turn, screens.mine(await turn.read(ListMyTasks(turn.pressed.id)), voice=await turn.voice()))


async def see(turn: Turn) -> Answer:
    """``task.see:<id>``."""
    return await open_card(turn, turn.pressed.id)


async def open_card(turn: Turn, task_id: int) -> Show:
    """The task's card, at the bottom of the chat."""
    await turn.read(SeeCard("task.card", task_id))
    return Show(replies=(turn.new_card("task.card", task_id),))


async def claim(turn: Turn) -> Answer:
    """``task.claim:<id>:<version>``, from the card or from a group; what is for the helper alone comes in private."""
    task_id = turn.pressed.id
    if turn.private:
        card = turn.card("task.card", task_id)
        return Do(ClaimTask(task_id), replies=(card,), if_refused=card, toast="toast.claimed")
    here = Reply(
        "task.group", turn.chat_id, subject_id=task_id, edit_message_id=turn.pressed.message_id, card=True
    )
    return Do(
        ClaimTask(task_id),
        replies=(turn.new_card("task.card", task_id), here),
        if_refused=here,
        toast="toast.claimed",
    )


async def start(turn: Turn) -> Answer:
    """``task.start:<id>``."""
    card = turn.card("task.card", turn.pressed.id)
    return Do(StartClaim(turn.pressed.id), replies=(card,), if_refused=card, toast="toast.started")


async def _held(turn: Turn) -> TaskFacts:
    """The pressed task, on which the reader is at work. Raises Refused otherwise."""
    card = await turn.read(SeeCard("task.card", turn.pressed.id))
    facts = card.facts
    if not isinstance(facts, TaskFacts) or facts.mine is None:
        raise Refused("task.not_yours")
    if facts.mine not in AT_WORK:
        raise Refused("task.reported_already")
    return facts


# --- giving back ------------------------------------------------------------------------------------------------------


def _release(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        ReleaseClaim(int(answers["task_id"]), str(answers["reason"])),
        replies=(turn.words("release.sent", edit=draft.message_id),),
    )


RELEASE = Form("release", (Step("reason", take=steps.words("reason", most=MAX_WORDS)),), submit=_release)


async def release(turn: Turn) -> Answer:
    """``task.release:<id>``: why?"""
    facts = await _held(turn)
    return await forms.begin(turn, RELEASE, {"task_id": facts.id})


# --- reporting --------------------------------------------------------------------------------------------------------


def _minutes(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) > 4:
        raise Refused("task.minutes_wrong", most=MAX_MINUTES)
    return parsing.minutes(text)


def _wellbeing(text: str) -> int:
    return parsing.number(text, least=0, most=MAX_WELLBEING, key="task.wellbeing_wrong")


def _report(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        ReportClaim(
            int(answers["task_id"]),
            int(answers["minutes"]),
            contents=restored(answers.get(CONTENTS, ())),
            wellbeing=answers.get("wellbeing"),
        ),
        replies=(turn.words("report.sent", edit=draft.message_id),),
        toast="toast.saved",
    )


REPORT = Form(
    "report",
    (
        Step("minutes", take=steps.counted("minutes", _minutes), verbs=("task.minutes",)),
        Step(
            "wellbeing",
            take=steps.counted("wellbeing", _wellbeing),
            verbs=("task.wellbeing",),
            when=lambda answers: bool(answers.get("visit")),
        ),
        Step("note", take=forms.gather, gathers=True, goes_on=("form.done",), skippable=True),
    ),
    submit=_report,
)


async def done(turn: Turn) -> Answer:
    """``task.done:<id>``: how long did it take, how was it?"""
    facts = await _held(turn)
    return await forms.begin(turn, REPORT, {"task_id": facts.id, "visit": facts.kind == "visit"})


FORMS = (RELEASE, REPORT)
