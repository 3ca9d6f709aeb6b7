"""What is held about somebody, seen, exported, put right and forgotten by themselves; and the terms, asked again.

When the terms have changed, their number is higher than the one a person agreed to. Then the question comes first,
and what they were saying is kept in the draft and goes on after the "yes". Danger never waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.alarms import has_danger
from domain.base import Content, Refused
from domain.permissions import asked_again
from domain.privacy import (
    CorrectOwnData,
    ForgetMe,
    NoteExport,
    OwnRecord,
    ReadOwnRecord,
    SeeOwnData,
)
from handlers import forms, parsing, raising, steps
from handlers.contents import content_of, restored, stored
from handlers.forms import ALBUM, ARRIVAL, CALM, CONTENTS, Answers, Form, Said, Step
from handlers.turn import Answer, Do, Handler, Say, Show, Turn, alert, sent, turned
from storage.drafts import CLEAR, KEEP, Draft, DraftChange
from storage.outbox import Reply, consent_question
from views import privacy as screens
from views.privacy_file import own_file

AGAIN = "consent"
"""The draft of somebody who is asked again: no form, but it keeps what they said and the form they were in."""
INNER = "form"
WAITING = "said_meanwhile"


# --- the question ---------------------------------------------------------------------------------------------------------


def agreed_first(handler: Handler, *, keeps: bool = False) -> Handler:
    """``handler`` for who has agreed to the terms in force; the others are asked. ``keeps``: what is said is no command.

    For what looks the person up anyway. Presses that look nothing up are stopped where they act and read.
    """

    async def asking(turn: Turn) -> Answer:
        if asked_again(await turn.actor(), turn.rules):
            return await ask_again(turn, content_of(turn.message) if keeps and turn.message else None)
        return await handler(turn)

    return asking


async def ask_again(turn: Turn, content: Content | None = None) -> Answer:
    """The question, as the newest message; ``content`` and the open form wait for the answer."""
    opening = await turn.opening()
    draft = opening.draft
    kept: Mapping[str, Any] = draft.answers if draft and draft.form == AGAIN else {}
    inner = _restored(kept.get(INNER)) if kept else draft if draft and draft.form in turn.forms else None
    if content is not None and _rings(turn, inner, content):
        form = turn.forms[inner.form] if inner else raising.RAISE
        blue = {**raising.first_answers(opening.actor), raising.OUT_OF_THE_BLUE: True}
        answers = {**(inner.answers if inner else blue), **_with(kept)}
        return await forms.ring(turn, form, answers, draft, Said(content=content))
    if content is None and (draft is None or draft.form != AGAIN):
        return Show(replies=(_question(turn),))
    answers = {**kept, INNER: kept.get(INNER) or _kept(inner)}
    says: tuple[Say, ...] = ()
    if content is not None:
        same_album = bool(content.album) and content.album == kept.get(ALBUM)
        answers |= (await forms.gather(turn, Said(content=content), answers)).answers
        if same_album:
            return Show(draft=Draft(AGAIN, AGAIN, answers, forms.next_version(draft)))
        says = (Say(await turn.say("consent.kept")),)
    return Show(
        says, replies=(_question(turn),), draft=Draft(AGAIN, AGAIN, answers, forms.next_version(draft))
    )


def _question(turn: Turn) -> Reply:
    return consent_question(turn.who.telegram_id, turn.rules.consent_version)


def _rings(turn: Turn, inner: Draft | None, content: Content) -> bool:
    """Words of danger ring here wherever they would have rung without the question."""
    if inner is not None and (not turn.forms[inner.form].rings or inner.answers.get(CALM)):
        return False
    return has_danger(content.text, turn.rules)


def _kept(inner: Draft | None) -> dict[str, Any] | None:
    if inner is None:
        return None
    return {"form": inner.form, "step": inner.step, "answers": dict(inner.answers)}


def _restored(kept: Any) -> Draft | None:
    return Draft(kept["form"], kept["step"], kept["answers"]) if kept else None


def _with(kept: Answers) -> dict[str, Any]:
    return {CONTENTS: kept[CONTENTS]} if kept.get(CONTENTS) else {}


async def agreed(turn: Turn) -> tuple[tuple[Reply, ...], Draft | DraftChange]:
    """What follows the "yes" of somebody who was asked again: what they were in goes on."""
    opening = await turn.opening()
    draft = opening.draft
    here = turn.pressed.message_id
    kept = draft.answers if draft and draft.form == AGAIN else {}
    parts, inner = kept.get(CONTENTS), _restored(kept.get(INNER))
    version = forms.next_version(draft)
    thanks = turn.words("consent.thanks", edit=here)
    if opening.actor.home_unit_id is None:
        picker = Reply(
            "home.picker", turn.chat_id, subject_id=0, params={"note": "consent.thanks"}, edit_message_id=here
        )
        return (picker,), Draft(ARRIVAL, "arrival", _with(kept), version) if kept else KEEP
    if inner is not None and inner.form in turn.forms:
        answers = {**inner.answers, **({WAITING: parts} if parts else {})}
        return (thanks, Reply("consent.go_on", turn.chat_id)), replace(
            inner, answers=answers, version=version
        )
    if parts:
        answers = {**raising.first_answers(opening.actor), raising.OUT_OF_THE_BLUE: True, CONTENTS: parts}
        offer = Reply("request.pass_on", turn.chat_id, params={"version": version})
        return (thanks, offer), Draft(raising.RAISE.name, raising.OFFER, answers, version)
    if draft is not None and draft.form in turn.forms:
        return (thanks, Reply("consent.go_on", turn.chat_id)), KEEP
    menu = Reply("menu", turn.chat_id, params={"note": "consent.thanks"}, edit_message_id=here)
    return (menu,), CLEAR if kept else KEEP


async def declined(turn: Turn) -> Answer:
    """The "no" of somebody who was asked again: what they said just now is dropped, the rest is theirs to decide."""
    draft = (await turn.opening()).draft
    change: Draft | DraftChange = KEEP
    if draft is not None and draft.form == AGAIN:
        inner = _restored(draft.answers.get(INNER))
        change = replace(inner, version=forms.next_version(draft)) if inner else CLEAR
    return replace(turned(turn, screens.declined(voice=await turn.voice())), draft=change)


async def go_on(turn: Turn) -> Answer:
    """``consent.goon``: the form where it stood, with what was said meanwhile as its answer."""
    draft = (await turn.opening()).draft
    form = turn.forms.get(draft.form) if draft else None
    if draft is None or form is None:
        return alert("form.too_late")
    parts = restored(draft.answers.get(WAITING, ()))
    draft = replace(draft, answers={key: value for key, value in draft.answers.items() if key != WAITING})
    if not parts:
        return await forms.resume(turn, form, draft)
    step = form.step(draft.step)
    if step.gathers:
        earlier = [*draft.answers.get(CONTENTS, ()), *map(stored, parts[:-1])]
        draft = replace(draft, answers={**draft.answers, CONTENTS: earlier})
    try:
        return await forms.take(turn, form, step, draft, Said(content=parts[-1]))
    except Refused as refused:
        return await forms.again(turn, form, step, draft, refused)


# --- what is held -----------------------------------------------------------------------------------------------------------


async def privacy(turn: Turn) -> Answer:
    """``/privacy``."""
    return sent(screens.own_data(await turn.read(SeeOwnData()), voice=await turn.voice()))


async def see(turn: Turn) -> Answer:
    """``privacy.see:0``: back to it, in place."""
    return turned(turn, screens.own_data(await turn.read(SeeOwnData()), voice=await turn.voice()))


async def export(turn: Turn) -> Answer:
    """``privacy.export:0``: everything, as a file made on the spot and kept nowhere."""
    record: OwnRecord = await turn.read(ReadOwnRecord())
    voice = await turn.voice()
    return replace(sent(screens.exported(own_file(record, voice=voice), voice=voice)), noting=NoteExport())


# --- putting it right ---------------------------------------------------------------------------------------------------------


async def correct(turn: Turn) -> Answer:
    """``privacy.correct:0``: what there is to put right, and where."""
    return turned(turn, screens.corrections(voice=await turn.voice()))


def _corrects(turn: Turn, answers: Answers, draft: Draft) -> Do:
    said = {key: str(answers[key]) for key in ("name", "phone", "flat") if answers.get(key)}
    return Do(CorrectOwnData(**said), replies=(turn.words("privacy.corrected"),), toast="toast.saved")


OWN_NAME = Form("own_name", (Step("name", take=steps.typed("name", parsing.name)),), submit=_corrects)
OWN_PHONE = Form("own_phone", (Step("phone", take=steps.typed("phone", parsing.phone)),), submit=_corrects)
OWN_FLAT = Form("own_flat", (Step("flat", take=steps.typed("flat", parsing.flat)),), submit=_corrects)
FORMS = (OWN_NAME, OWN_PHONE, OWN_FLAT)


async def correct_one(turn: Turn) -> Answer:
    """``privacy.put:0:<what>``."""
    form = next((form for form in FORMS if form.name == f"own_{turn.pressed.arg}"), None)
    if form is None:
        return alert("refused.not_found")
    if form is OWN_FLAT and (await turn.actor()).home_unit_id is None:
        return alert("unit.needed")
    await turn.read(SeeOwnData())  # says no to who is not known
    return await forms.begin(turn, form, {})


# --- forgetting -------------------------------------------------------------------------------------------------------------


async def forget(turn: Turn) -> Answer:
    """``privacy.forget:0``: asked once."""
    return turned(turn, screens.forget(await turn.read(SeeOwnData()), voice=await turn.voice()))


async def forget_surely(turn: Turn) -> Answer:
    """``privacy.surely:0``: asked twice, with what goes and what stays."""
    return turned(turn, screens.forget_surely(await turn.read(SeeOwnData()), voice=await turn.voice()))


async def forget_yes(turn: Turn) -> Answer:
    """``privacy.forgetyes:0``: the last message goes to who is nobody by then, but for the language."""
    farewell = turn.words("privacy.farewell", edit=turn.pressed.message_id)
    return Do(ForgetMe(), draft=CLEAR, replies=(farewell,))
