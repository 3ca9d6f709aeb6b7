"""How the forms about people ask: entering, correcting, suspending, merging.

Which steps there are, and what an answer may be, is the handlers'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.people_seen import FoundPerson, Twins
from domain.queries import PersonRow, Place, UnitLevel
from views.forms import Prompt, turning
from views.message import Button, Keyboard, Message
from views.people import level_buttons
from views.safe import Html, line, plain
from views.voice import Voice, block, card, press

Choices = Callable[[Prompt, Voice], Keyboard]


def question(asked: Prompt, text: Html, voice: Voice, keyboard: Keyboard = ()) -> Message:
    """A step's question with what there is to choose from, and the ways on and back."""
    return Message(
        card(f"<b>{voice.say(asked.wrong, **asked.wrong_params)}</b>" if asked.wrong else "", text),
        keyboard=(*keyboard, *turning(asked, voice)),
    )


def asks(key: str, choices: Choices | None = None) -> Callable[[Prompt, Voice], Message]:
    """A step that is asked with one text, in which the person's name may stand."""

    def screen(asked: Prompt, voice: Voice) -> Message:
        text = voice.texts.say(
            voice.reader.language, key, name=line(str(asked.answers.get("who") or ""), limit=40)
        )
        return question(asked, text, voice, choices(asked, voice) if choices else ())

    return screen


def people(verb: str) -> Choices:
    """People to choose from, as a look-up found them."""

    def choices(asked: Prompt, voice: Voice) -> Keyboard:
        found = asked.choices if isinstance(asked.choices, tuple) else ()
        return tuple((Button(_person(row, voice), press(verb, asked.version, row.id)),) for row in found)

    return choices


def _person(row: PersonRow, voice: Voice) -> str:
    return plain(
        f"{line(row.name, limit=24)} · {voice.place(row.place)} {line(row.flat, limit=12)}".strip(" ·")
    )


def units(asked: Prompt, voice: Voice, *, taken: bool = True) -> Keyboard:
    """One level of the tree, with the unit above it to be taken as it is where such a one may be ``taken``."""
    level = asked.choices
    if not isinstance(level, UnitLevel):
        return ()
    above = level.above
    buttons = level_buttons(level, f"{asked.form}.unit", voice=voice, version=asked.version)
    if above is None:
        return buttons
    label = plain(voice.say("button.this_unit", place=voice.place(above.place)))
    here = (Button(label, press(f"{asked.form}.here", asked.version, above.id)),)
    return (
        *buttons,
        *((here,) if taken else ()),
        (voice.button("button.up", f"{asked.form}.unit", asked.version, 0),),
    )


def known_already(asked: Prompt, voice: Voice) -> Message:
    """Somebody like them is there: open that one, or go on all the same."""
    found = asked.choices if isinstance(asked.choices, tuple) else ()
    return question(
        asked,
        voice.say("ask.person_known"),
        voice,
        (
            *((Button(_person(row, voice), press("person.see", row.id)),) for row in found),
            (voice.button("button.person_another", "person.another", asked.version),),
        ),
    )


def entry(asked: Prompt, voice: Voice) -> Message:
    """Everything about the new person, before they are entered."""
    answers = asked.answers
    lines = labelled(
        voice,
        ("label.name", line(str(answers.get("name") or ""), limit=64)),
        ("label.place", place_in(answers, voice)),
        ("label.flat", line(str(answers.get("flat") or ""), limit=40)),
        ("label.phone", line(str(answers.get("phone") or ""), limit=32)),
        ("label.proxy", line(str(answers.get("proxy") or ""), limit=64)),
    )
    return question(
        asked,
        card(voice.say("check.person"), block(*lines)),
        voice,
        ((voice.button("button.person_enter", "form.submit", asked.version),),),
    )


def what_to_correct(asked: Prompt, voice: Voice) -> Keyboard:
    """What about somebody may be put right."""
    return (
        tuple(
            Button(plain(voice.term("person.what", what)), press("person.what", asked.version, what))
            for what in ("name", "phone", "flat")
        ),
    )


def merging(asked: Prompt, voice: Voice) -> Message:
    """Both records side by side: which stays, and that there is no way back."""
    twins = asked.choices
    if not isinstance(twins, Twins):
        return question(asked, voice.say("refused.not_found"), voice)
    accounts = twins.first.on_telegram and twins.second.on_telegram
    return question(
        asked,
        card(
            voice.say("check.merge"),
            voice.say("merge.stays", person=_record(twins.first, voice)),
            voice.say("merge.goes", person=_record(twins.second, voice)),
            voice.say("merge.two_accounts") if accounts else "",
            voice.say("merge.no_way_back"),
        ),
        voice,
        ((voice.button("button.merge_yes", "form.submit", asked.version),),),
    )


def _record(found: FoundPerson, voice: Voice) -> Html:
    sign = "" if found.on_telegram else " 📵"
    return Html(
        f"<b>{line(found.name, limit=40)}</b>{sign} {voice.place(found.place)} {line(found.flat, limit=40)}".rstrip()
    )


def labelled(voice: Voice, *pairs: tuple[str, Html | str]) -> list[Html]:
    """Lines of a summary; empty values fall out."""
    return [
        voice.say("check.line", label=voice.texts.say(voice.reader.language, key), value=value)
        for key, value in pairs
        if value
    ]


def place_in(answers: Mapping[str, Any], voice: Voice) -> Html:
    """The unit that a form has taken."""
    return voice.place(Place(str(answers.get("unit_zh") or ""), str(answers.get("unit_en") or "")))
