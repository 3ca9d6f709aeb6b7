"""The engine of forms: a form is data, and what a person writes or presses moves them through its steps.

Knows asking, taking, going back, skipping, giving up, wrong input, stale buttons, albums and danger words. What is
asked, and which action comes of it, is said in the form itself (beside its feature); how it reads is ``views.forms``'.
A form lives in its person's draft row, so it goes on after a restart where it stood.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from domain.alarms import RaiseAlarm, has_danger
from domain.base import Content, Refused, Scalar
from domain.requests import checked_contents
from handlers.contents import content_of, restored, stored
from handlers.parsing import contact_phone
from handlers.turn import Answer, Do, Nothing, Say, Show, Turn
from storage.drafts import CLEAR, Draft
from storage.outbox import Reply
from views import forms as screens
from views.forms import Prompt
from views.kinds import said as words_alone
from views.message import Message
from views.voice import Voice

Answers = Mapping[str, Any]
CONTENTS = "contents"
ALBUM = "album"
CALM = "calm"
DANGER = "danger"
ARRIVAL = "start"
"""The draft of somebody who is not known yet: no form, but it keeps what they said."""


# --- what a form is -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What came in at a step: a press (``verb`` and ``arg``), something sent, or the person's own number."""

    verb: str = ""
    arg: str = ""
    content: Content | None = None
    phone: str = ""

    @property
    def text(self) -> str:
        """The words typed. Raises Refused for a picture or a file where words are asked for."""
        if self.content is None or self.content.kind != "text":
            raise Refused("form.words_needed")
        return self.content.text


@dataclass(frozen=True, slots=True)
class Taken:
    """Answers to keep, as JSON values. ``stay``: the step is asked again, with more to choose from.

    ``note`` is a text key said on top of what is asked next.
    """

    answers: Answers = field(default_factory=dict)
    stay: bool = False
    note: str = ""
    params: Mapping[str, Scalar] = field(default_factory=dict)


Take = Callable[[Turn, Said, Answers], Awaitable[Taken]]
Screen = Callable[[Prompt, Voice], Message]


def ask(prompt: Prompt, voice: Voice) -> Message:
    """The usual question."""
    return screens.prompt(prompt, voice=voice)


def summary(prompt: Prompt, voice: Voice) -> Message:
    """Everything answered, before it is passed on."""
    return screens.check(prompt.form, prompt.answers, version=prompt.version, voice=voice)


def always(answers: Answers) -> bool:
    """A step that everyone is asked."""
    return True


async def buttons_only(turn: Turn, said: Said, answers: Answers) -> Taken:
    """For a step that is answered by its buttons alone."""
    raise Refused("form.choose_button")


async def gather(turn: Turn, said: Said, answers: Answers) -> Taken:
    """One more part. Refuses too many parts and too many words."""
    if said.content is None:
        raise Refused("form.choose_button")
    parts = (*restored(answers.get(CONTENTS, ())), said.content)
    checked_contents(parts)
    return Taken({CONTENTS: [stored(part) for part in parts], ALBUM: said.content.album}, stay=True)


@dataclass(frozen=True, slots=True)
class Step:
    """One question. ``take`` reads words, and the presses named in ``verbs``.

    ``goes_on``: presses that need no reading and lead to the next step. ``submits``: presses that end the form.
    ``gathers``: what is sent here is one more part of the contents; ``words_enough``: words alone lead on.
    ``contact``: asked by a keyboard under the chat, which has to be put away afterwards. ``lasting``: its message
    stays readable when it is answered. ``tail``: only the rest of an album is taken here, anything else is no longer
    part of the form. ``takes_sheet``: a spreadsheet sent here is an answer, and no import. ``choices`` are looked up for the screen. ``explains``: the screen can say why an input was wrong.
    """

    key: str
    take: Take = buttons_only
    when: Callable[[Answers], bool] = always
    verbs: tuple[str, ...] = ()
    goes_on: tuple[str, ...] = ()
    submits: tuple[str, ...] = ()
    skippable: bool = False
    gathers: bool = False
    takes_sheet: bool = False
    words_enough: bool = False
    contact: bool = False
    lasting: bool = False
    tail: bool = False
    screen: Screen = ask
    explains: bool = True
    choices: Callable[[Turn, Answers], Awaitable[Any]] | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A form. ``submit`` makes the action of the answers; the engine clears the draft with it.

    A form that only asks what to look at has ``shows`` instead: what it ends with. ``rings``: words of danger in it ring
    people at once, and it goes on at its step "danger".
    """

    name: str
    steps: tuple[Step, ...]
    submit: Callable[[Turn, Answers, Draft], Do] | None = None
    rings: bool = False
    shows: Callable[[Turn, Answers, Draft], Awaitable[Show]] | None = None

    def step(self, key: str) -> Step:
        """The step with this key; the first one when an older program left another."""
        return next((step for step in self.steps if step.key == key), self.steps[0])

    def path(self, answers: Answers) -> list[Step]:
        """The steps that are asked with these answers."""
        return [step for step in self.steps if step.when(answers)]

    def after(self, step: Step, answers: Answers) -> Step | None:
        """The next step, or None at the end."""
        later = self.steps[self.steps.index(step) + 1 :]
        return next((other for other in later if other.when(answers)), None)

    def before(self, step: Step, answers: Answers) -> Step:
        """The step one back; the first is before itself."""
        earlier = [other for other in self.steps[: self.steps.index(step)] if other.when(answers)]
        return earlier[-1] if earlier else step


# --- asking -------------------------------------------------------------------------------------------------------------


async def begin(turn: Turn, form: Form, answers: Answers) -> Show:
    """Open the form at its first step. Another one that holds words is not pushed aside: it goes on first."""
    draft = (await turn.opening()).draft
    if draft is not None and draft.form == ARRIVAL and draft.answers.get(CONTENTS):
        raise Refused("unit.needed")
    if draft is not None and draft.form in turn.forms and draft.answers.get(CONTENTS):
        if draft.form != form.name or any(draft.answers.get(key) != value for key, value in answers.items()):
            return await resume(turn, turn.forms[draft.form], draft, note="form.going_on")
        return await resume(turn, form, draft)
    return await show(turn, form, form.path(answers)[0], answers)


async def resume(turn: Turn, form: Form, draft: Draft, *, note: str = "") -> Show:
    """Ask the step it stands at once more, at the bottom of the chat."""
    return await show(turn, form, form.step(draft.step), draft.answers, wrong=note)


async def show(
    turn: Turn,
    form: Form,
    step: Step,
    answers: Answers,
    *,
    edit: int | None = None,
    leaving: Step | None = None,
    wrong: str = "",
    wrong_params: Mapping[str, Scalar] | None = None,
    toast: str | None = None,
) -> Show:
    """Ask a step, in place of the message ``edit`` where that can be, and keep the draft there."""
    draft = (await turn.opening()).draft
    version = next_version(draft)
    voice = await turn.voice()
    prompt = Prompt(
        form.name,
        step.key,
        version,
        answers,
        first=form.before(step, answers) is step,
        skippable=step.skippable,
        wrong=wrong if step.explains else "",
        wrong_params=wrong_params or {},
        choices=await step.choices(turn, answers) if step.choices else None,
    )
    says: list[Say] = []
    if leaving is not None and leaving.contact and leaving is not step:
        says.append(Say(replace(words_alone("toast.saved", voice=voice), remove_keyboard=True)))
    if wrong and not step.explains:
        says.append(Say(words_alone(wrong, voice=voice, **(wrong_params or {}))))
    # A keyboard under the chat comes with a new message only, and an answer to something else belongs below it.
    says.append(Say(step.screen(prompt, voice), edit=None if step.contact or says else edit))
    kept = Draft(form.name, step.key, dict(answers), version)
    return Show(tuple(says), draft=kept, toast=toast)


def next_version(draft: Draft | None) -> int:
    """The version the next keeping of the draft has, and the buttons shown with it."""
    return (draft.version if draft else 0) + 1


async def give_up(turn: Turn, *, edit: int | None = None) -> Show:
    """Leave the form; nothing of it is kept."""
    message = words_alone("cancel.done", voice=await turn.voice())
    # There may be a keyboard under the chat, and only a new message can put it away.
    return Show(
        (Say(message, edit) if edit else Say(replace(message, remove_keyboard=True)),),
        draft=CLEAR,
        toast="toast.cancelled",
    )


# --- what a person writes ---------------------------------------------------------------------------------------------------


async def hear(turn: Turn, form: Form, draft: Draft) -> Answer:
    """Something was sent while the form is open."""
    step, answers = form.step(draft.step), draft.answers
    try:
        said = said_by(turn, step)
    except Refused as refused:
        return await again(turn, form, step, draft, refused)
    word = screens.word_of(said.content.text, texts=turn.texts) if said.content else None
    if word == "cancel":
        return await give_up(turn)
    if word == "back":
        return await show(turn, form, form.before(step, answers), answers, leaving=step)
    if word and may_leave(step, answers, f"form.{word}"):
        return await move(turn, form, step, answers, draft)
    return await take(turn, form, step, draft, said)


def said_by(turn: Turn, step: Step) -> Said:
    """What the message says at this step. Refuses what cannot be passed on, and somebody else's number."""
    message = turn.message
    assert message is not None  # noqa: S101 - registered for messages
    if message.contact is not None:
        if not step.contact:
            raise Refused("form.choose_button")
        if message.contact.user_id != turn.who.telegram_id:
            raise Refused("form.contact_not_own")
        return Said(phone=contact_phone(message.contact.phone_number))
    content = content_of(message)
    if content is None:
        raise Refused("form.not_here")
    return Said(content=content)


async def take(turn: Turn, form: Form, step: Step, draft: Draft, said: Said) -> Answer:
    """Read what was said at a step and go where it leads."""
    answers, content = draft.answers, said.content
    same_album = content is not None and bool(content.album) and content.album == answers.get(ALBUM)
    if content is not None and form.rings and not answers.get(CALM) and has_danger(content.text, turn.rules):
        return await ring(turn, form, answers, draft, said)
    if same_album and not (step.gathers or step.tail):
        return Nothing()  # explained with the first of the album
    try:
        taken = await (gather if step.gathers and content else step.take)(turn, said, answers)
    except Refused as refused:
        if turn.press is not None:
            raise
        noted = {**answers, ALBUM: content.album if content else ""}
        return await again(turn, form, step, replace(draft, answers=noted), refused)
    changed = {**answers, **taken.answers}
    if not taken.stay or (step.words_enough and content is not None and content.kind == "text"):
        return await move(turn, form, step, changed, draft, taken)
    edit = turn.press.message_id if turn.press else draft.message_id if same_album else None
    return await show(turn, form, step, changed, edit=edit)


async def again(turn: Turn, form: Form, step: Step, draft: Draft, refused: Refused) -> Show:
    """Say why it was not taken, and ask the same once more."""
    return await show(turn, form, step, draft.answers, wrong=refused.key, wrong_params=refused.params)


async def move(
    turn: Turn, form: Form, step: Step, answers: Answers, draft: Draft, taken: Taken | None = None
) -> Answer:
    """On to the next step, or to the end."""
    following = form.after(step, answers)
    if following is None:
        return await submit(turn, form, answers, draft)
    edit = turn.press.message_id if turn.press and not step.lasting else None
    note, params = (taken.note, taken.params) if taken else ("", {})
    return await show(
        turn, form, following, answers, edit=edit, leaving=step, wrong=note, wrong_params=params
    )


def may_leave(step: Step, answers: Answers, verb: str) -> bool:
    """Whether this press or word leads on from the step as it stands."""
    if verb == "form.skip":
        return step.skippable
    if verb == "form.done":
        return verb in step.goes_on and bool(answers.get(CONTENTS) or step.skippable)
    return verb in step.goes_on


async def submit(turn: Turn, form: Form, answers: Answers, draft: Draft) -> Answer:
    """The action of the answers. While the rules refuse it the draft stays, so that no words are lost."""
    if form.shows is not None:
        return replace(await form.shows(turn, answers, draft), draft=CLEAR)
    assert form.submit is not None  # noqa: S101 - a form has one or the other
    do = form.submit(turn, answers, draft)
    return do if isinstance(do.draft, Draft) else replace(do, draft=CLEAR)


# --- danger ---------------------------------------------------------------------------------------------------------------


async def ring(turn: Turn, form: Form, answers: Answers, draft: Draft | None, said: Said) -> Do:
    """Ring people at once and show whom to call; the words wait in the draft for "it is no emergency"."""
    with suppress(Refused):  # too much to keep is no reason not to ring
        answers = {**answers, **(await gather(turn, said, answers)).answers}
    version = next_version(draft)
    return Do(
        RaiseAlarm(said.content.text if said.content else ""),
        draft=Draft(form.name, DANGER, dict(answers), version),
        replies=(Reply("danger", turn.chat_id, params={"version": version}),),
    )


# --- what a person presses --------------------------------------------------------------------------------------------------


async def press(turn: Turn, form: Form, draft: Draft) -> Answer:
    """A button of this form. One of an earlier question shows the present one instead."""
    pressed, step, answers = turn.pressed, form.step(draft.step), draft.answers
    shown_here = draft.message_id in (None, pressed.message_id)
    if pressed.id != draft.version or not shown_here:
        return await show(
            turn, form, step, answers, edit=draft.message_id if shown_here else None, toast="toast.stale"
        )
    here = pressed.message_id
    match pressed.name:
        case "form.cancel":
            return await give_up(turn, edit=here)
        case "form.back":
            return await show(turn, form, form.before(step, answers), answers, edit=here, leaving=step)
        case name if may_leave(step, answers, name):
            return await move(turn, form, step, answers, draft)
        case name if name in step.submits:
            return await submit(turn, form, answers, draft)
        case name if name in step.verbs:
            return await take(turn, form, step, draft, Said(verb=name, arg=pressed.arg))
    return await show(turn, form, step, answers, toast="toast.stale")
