"""Arrival and finding one's way: language, consent, home, menu, help, and the hints in groups."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.permissions import commands_for
from domain.queries import UnitFacts, UnitLevel, UnitRow
from views.digests import settings_button
from views.message import Button, Keyboard, Message
from views.safe import Html, plain
from views.voice import Voice, block, card, press, rows

_LANGUAGE_NAMES = (("zh", "中文"), ("en", "English"))


def languages(*, voice: Voice) -> Message:
    """Choose a language; each is named in itself."""
    return Message(voice.say("language.choose"), keyboard=_language_buttons())


def hello(*, voice: Voice) -> Message:
    """The very first words, in both languages, for nobody knows yet which one is read."""
    return Message(
        card(*(voice.texts.say(language, "start.hello") for language, _ in _LANGUAGE_NAMES)),
        keyboard=_language_buttons(),
    )


def _language_buttons() -> Keyboard:
    return (tuple(Button(name, press("language.pick", 0, code)) for code, name in _LANGUAGE_NAMES),)


def consent(*, voice: Voice, again: bool = False) -> Message:
    """What is kept, what for, in which version, and how to take it back; then yes or no.

    ``again``: they agreed to earlier terms, so first of all is said that these have changed.
    """
    version = voice.rules.consent_version
    return Message(
        card(
            voice.say("consent.changed", version=version) if again else "",
            voice.say("consent.ask", version=version),
        ),
        keyboard=(
            (
                voice.button("button.consent_yes", "consent.yes", voice.rules.consent_version),
                voice.button("button.consent_no", "consent.no", voice.rules.consent_version),
            ),
        ),
    )


def home_picker(level: UnitLevel, *, voice: Voice, note: Html | str = "") -> Message:
    """Where do you live? One level of the tree at a time."""
    above = level.above
    if above is None:
        text = voice.say("home.which_first")
    else:
        # A printed code leads straight to a building: then there is nothing to choose, only to say yes to.
        text = voice.say(
            "home.which_building" if level.rows or level.is_later else "home.is_it_here",
            place=voice.place(above.place),
        )
    here = ((voice.button("button.here", "unit.here", above.id),),) if above and above.has_homes else ()
    up = ((voice.button("button.up", "unit.pick", level.parent_id),),) if above else ()
    number = above.id if above else 0
    turning = turning_level(
        level, voice, first=press("unit.pick", number), after=press("unit.pick", number, level.goes_on)
    )
    return Message(
        card(note, text if level.rows or here else _no_homes(voice)),
        keyboard=(*unit_buttons(level.rows, "unit.pick", voice=voice), *turning, *here, *up),
    )


def _no_homes(voice: Voice) -> Html:
    """Nowhere to live yet: who serves here can do something about it, others ask."""
    actor = voice.reader.actor
    return voice.say("home.nothing_yet" if actor is not None and actor.held else "home.nothing_here")


def turning_level(level: UnitLevel, voice: Voice, *, first: str, after: str) -> Keyboard:
    """Back to where a level begins, and on to its next page; nothing where it fits on one."""
    turning = (
        *((Button(plain(voice.say("button.from_start")), first),) if level.is_later else ()),
        *((Button(plain(voice.say("button.page_after")), after),) if level.goes_on else ()),
    )
    return (turning,) if turning else ()


def level_buttons(level: UnitLevel, verb: str, *, voice: Voice, version: int) -> Keyboard:
    """A level of the tree in a form: its units to press, and its pages."""
    number = level.above.id if level.above else 0
    return (
        *unit_buttons(level.rows, verb, voice=voice, version=version),
        *turning_level(
            level,
            voice,
            first=press(verb, version, number),
            after=press(verb, version, f"{number}a{level.goes_on}"),
        ),
    )


def unit_buttons(
    units: tuple[UnitRow, ...], verb: str, *, voice: Voice, version: int | None = None
) -> Keyboard:
    """Units to press, those with more below marked; in forms the draft's version stands first in the data."""
    return rows(
        (
            Button(
                plain(voice.place(unit.place)) + (" ›" if unit.has_children else ""),
                press(verb, unit.id) if version is None else press(verb, version, unit.id),
            )
            for unit in units
        ),
        width=2,
    )


def home_picker_kind(params: Mapping[str, Scalar], facts: UnitLevel, voice: Voice) -> Message:
    """The picker as a stored message."""
    return home_picker(facts, voice=voice, note=voice.note(params))


def _commands(voice: Voice) -> tuple[str, ...]:
    return commands_for(voice.reader.actor) if voice.reader.actor else ()


_NOT_IN_MENU = frozenset({"menu", "start", "cancel"})


def menu(*, voice: Voice, note: Html | str = "") -> Message:
    """What the reader can do, as buttons; made from the table that the permission check reads."""
    buttons = (
        voice.button(f"menu.{command}", "menu.open", 0, command)
        for command in _commands(voice)
        if command not in _NOT_IN_MENU
    )
    digests = (settings_button(voice),) if voice.reader.actor else ()
    return Message(
        card(note, voice.say("menu.title")),
        keyboard=(*rows(buttons, width=2), *digests),
        remove_keyboard=False,
    )


def menu_kind(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """The menu as a stored message."""
    return menu(voice=voice, note=voice.note(params))


def help_screen(*, voice: Voice) -> Message:
    """Each command the reader has, with what it is for."""
    lines = (f"/{command} {voice.term('command', command)}" for command in _commands(voice))
    return Message(card(voice.say("help.title"), block(*lines), voice.say("help.plain_words")))


def hello_kind(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """The first words as a stored message."""
    return hello(voice=voice)


def appointed(params: Mapping[str, Scalar], facts: UnitFacts, voice: Voice) -> Message:
    """For somebody with a new role: which, where, and what is new in the menu."""
    return Message(
        voice.say(
            "person.appointed",
            role=voice.term("role", params.get("role")),
            place=voice.place(facts.place),
        ),
        keyboard=((voice.button("button.menu", "menu.open", 0, "menu"),),),
    )


def open_privately(url: str, *, voice: Voice) -> Message:
    """In a group: personal things go to the private chat."""
    return Message(
        voice.say("group.only_private"),
        keyboard=((Button(plain(voice.say("button.open_private")), url=url),),),
    )
