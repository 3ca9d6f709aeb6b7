"""Raising a request: from ``/request``, from words sent out of the blue, and on behalf of somebody without a phone.

Knows the two forms and the danger that may cut across them. What becomes of the request is ``requests.py``'s.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from domain.alarms import has_danger
from domain.base import NOT_FOUND, Actor, Content, Refused
from domain.permissions import Permission, allowed
from domain.requests import RaiseForOther, RaiseRequest
from handlers import forms, parsing, steps
from handlers.contents import restored
from handlers.forms import CALM, CONTENTS, DANGER, Answers, Form, Said, Step, Taken
from handlers.turn import Answer, Do, Turn
from storage.drafts import Draft
from views import alarms as alarm_screens
from views import forms as form_screens
from views.forms import Prompt
from views.message import Message
from views.voice import Voice

OFFER = "offer"
OUT_OF_THE_BLUE = "out_of_the_blue"


# --- the steps --------------------------------------------------------------------------------------------------------


def _offer_screen(prompt: Prompt, voice: Voice) -> Message:
    return form_screens.pass_on(prompt.answers, version=prompt.version, voice=voice)


def _danger_screen(prompt: Prompt, voice: Voice) -> Message:
    return alarm_screens.danger(voice=voice, version=prompt.version)


def _words_screen(prompt: Prompt, voice: Voice) -> Message:
    """The first question, with a way to ask for somebody else for those who may."""
    message = forms.ask(prompt, voice)
    actor = voice.reader.actor
    if prompt.answers.get(CONTENTS) or actor is None or not allowed(actor, Permission.RAISE_FOR_OTHER, None):
        return message
    for_other = voice.button("button.for_other", "proxy.new", 0)
    return replace(message, keyboard=((for_other,), *message.keyboard))


async def _calm(turn: Turn, said: Said, answers: Answers) -> Taken:
    return Taken({CALM: True})


def danger_step() -> Step:
    """Whom to call, until the person says that it is no emergency. Reached only by words of danger."""
    return Step(
        DANGER,
        take=_calm,
        when=lambda answers: False,
        verbs=("request.calm",),
        gathers=True,
        lasting=True,
        screen=_danger_screen,
        explains=False,
    )


async def _category(turn: Turn, said: Said, answers: Answers) -> Taken:
    code = steps.chosen(said, [category.code for category in turn.rules.categories])
    category = turn.rules.category(code)
    if category is None:
        raise Refused(NOT_FOUND)
    return Taken(
        {
            "category": code,
            # What follows from the category is kept with it, so that each step knows whether it is asked.
            "choose_urgency": len(category.urgencies) > 1,
            "urgency": category.urgencies[0],
            "sensitive": category.sensitive,
            "always_private": category.always_private,
            "about": None,
            "private": category.always_private,
        }
    )


def _urgencies(turn: Turn, answers: Answers) -> Collection[str]:
    category = turn.rules.category(str(answers.get("category", "")))
    return category.urgencies if category else ()


def _what_is_wrong(*, blue: bool) -> tuple[Step, ...]:
    """Words, category and all that depends on it: the same for oneself and for others."""
    words = Step(
        "words",
        take=forms.gather,
        gathers=True,
        words_enough=True,
        goes_on=("form.done",),
        when=(lambda answers: not answers.get(OUT_OF_THE_BLUE)) if blue else forms.always,
        screen=_words_screen if blue else forms.ask,
    )
    return (
        words,
        danger_step(),
        Step("category", take=_category, verbs=("request.category",), gathers=True),
        Step(
            "urgency",
            take=steps.one_of("urgency", _urgencies),
            verbs=("request.urgency",),
            gathers=True,
            when=lambda answers: bool(answers.get("choose_urgency")),
        ),
        Step(
            "about",
            take=steps.one_of("about", lambda turn, answers: ("leader", "secretary")),
            verbs=("request.about",),
            gathers=True,
            when=lambda answers: bool(answers.get("sensitive")),
        ),
        Step(
            "private",
            take=steps.yes_no("private"),
            verbs=("request.private",),
            gathers=True,
            when=lambda answers: not answers.get("always_private"),
        ),
        Step("hide", take=steps.yes_no("name_hidden"), verbs=("request.hide",), gathers=True),
    )


_CHECK = Step(
    "check", gathers=True, submits=("request.submit", "form.submit"), screen=forms.summary, explains=False
)


def _first(answers: Answers) -> bool:
    return bool(answers.get("ask_flat"))


# --- for oneself ----------------------------------------------------------------------------------------------------------


def _raised(answers: Answers) -> dict[str, Any]:
    return {
        "category": str(answers["category"]),
        "urgency": str(answers["urgency"]),
        "private": bool(answers.get("private")),
        "name_hidden": bool(answers.get("name_hidden")),
        "contents": restored(answers[CONTENTS]),
        "about": answers.get("about"),
        "flat": answers.get("flat"),
        "phone": answers.get("phone"),
    }


def _raise(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        RaiseRequest(
            **_raised(answers),
            name=answers.get("name"),
            phone_shared=bool(answers.get("phone") and answers.get("phone_shared")),
        ),
        replies=(turn.words("request.sent", edit=draft.message_id),),
        toast="toast.saved",
    )


RAISE = Form(
    "request",
    (
        Step(
            OFFER,
            gathers=True,
            goes_on=("request.pass",),
            when=lambda answers: bool(answers.get(OUT_OF_THE_BLUE)),
            screen=_offer_screen,
            explains=False,
        ),
        *_what_is_wrong(blue=True),
        Step("flat", take=steps.typed("flat", parsing.flat), when=_first),
        Step("name", take=steps.typed("name", parsing.name), when=_first),
        Step(
            "phone",
            take=steps.phone,
            when=lambda answers: bool(answers.get("ask_phone")),
            skippable=True,
            contact=True,
        ),
        _CHECK,
    ),
    submit=_raise,
    rings=True,
)


def first_answers(actor: Actor) -> dict[str, Any]:
    """What decides whether flat, name and phone are asked: with the first request from a home, and only then."""
    return {"ask_flat": not actor.has_flat, "ask_phone": not actor.has_flat and not actor.has_phone}


async def request(turn: Turn) -> Answer:
    """``/request``: a new one, or the one that is half written."""
    opening = await turn.opening()
    if opening.draft is not None and opening.draft.form == RAISE.name:
        return await forms.resume(turn, RAISE, opening.draft)
    return await forms.begin(turn, RAISE, first_answers(opening.actor))


async def out_of_the_blue(turn: Turn, content: Content) -> Answer:
    """Something was sent without any command: shall it be passed on?"""
    actor = await turn.actor()
    answers = {**first_answers(actor), OUT_OF_THE_BLUE: True}
    said = Said(content=content)
    if has_danger(content.text, turn.rules):
        return await forms.ring(turn, RAISE, answers, None, said)
    taken = await forms.gather(turn, said, answers)
    return await forms.show(turn, RAISE, RAISE.step(OFFER), {**answers, **taken.answers})


# --- for somebody else ------------------------------------------------------------------------------------------------------


def _raise_for_other(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        RaiseForOther(**_raised(answers), name=str(answers["name"]), unit_id=int(answers["unit_id"])),
        replies=(turn.words("request.sent", edit=draft.message_id),),
        toast="toast.saved",
    )


PROXY = Form(
    "proxy",
    (
        Step("for_name", take=steps.typed("name", parsing.name)),
        Step(
            "unit",
            take=steps.unit,
            verbs=("proxy.unit", "proxy.here"),
            choices=steps.unit_choices(Permission.RAISE_FOR_OTHER),
        ),
        Step("flat", take=steps.typed("flat", parsing.flat)),
        Step("phone", take=steps.phone, skippable=True),
        *_what_is_wrong(blue=False),
        _CHECK,
    ),
    submit=_raise_for_other,
    rings=True,
)


async def proxy(turn: Turn) -> Answer:
    """``proxy.new:0``: for those who may; the rules ask again for the very home."""
    if not allowed(await turn.actor(), Permission.RAISE_FOR_OTHER, None):
        raise Refused(NOT_FOUND)
    draft = (await turn.opening()).draft
    if draft is not None and draft.form == PROXY.name:
        return await forms.resume(turn, PROXY, draft)
    return await forms.begin(turn, PROXY, {})


FORMS = (RAISE, PROXY)
