"""The search, its filters and the forms about people, in both languages, at their longest and nastiest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from domain.appointments import TOLD
from domain.base import Role
from domain.people_seen import Found, FoundPerson, RoleAt, Twins
from domain.queries import PersonRow
from handlers.appointments import FORMS as TERMS
from handlers.roster import FORMS
from tests.views.samples import (
    APPOINTED,
    BIG,
    LEVEL,
    NAME,
    PERSON,
    PLACE,
    UNIT,
    check,
    data_of,
    shown,
    voice,
)
from views import appointments, roster
from views.catalogue import LANGUAGES
from views.forms import Prompt
from views.message import Message

ROW = FoundPerson(BIG, NAME, PLACE, NAME, tuple(RoleAt(role, PLACE) for role in Role), True, False)
FOUND = Found(
    tuple(replace(ROW, id=BIG - n) for n in range(6)), PLACE, goes_on=("王", 7), count=201, wide=True
)
ROWS = tuple(PersonRow(BIG - n, NAME, PLACE, NAME) for n in range(8))
ANSWERS: dict[str, Any] = {
    "unit_id": BIG, "words": NAME, "role": "leader", "skill": NAME, "trail": [[NAME, BIG]], "who": NAME, "name": NAME,
    "flat": NAME, "phone": NAME, "proxy": NAME, "unit_zh": NAME, "unit_en": NAME, "what": "name", "deputy": NAME,
    "from": "2026-03-09", "until": "2027-03-09", "twins": True,
}  # fmt: skip
CHOICES: tuple[Any, ...] = (
    FOUND, Found((), PLACE), LEVEL, ROWS, ("first-aid", NAME), (), tuple(Role), None,
    Twins(ROW, FoundPerson(1, NAME, PLACE)),
)  # fmt: skip


def prompts(form: str, step: str, choices: Any) -> Iterator[Prompt]:
    for answers in (
        {},
        ANSWERS,
        {**ANSWERS, "pane": "unit"},
        {"pane": "role"},
        {"pane": "skill", "unit_id": 1},
    ):
        for wrong in ("", "form.choose_button"):
            yield Prompt(form, step, 7, answers, skippable=True, wrong=wrong, choices=choices)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", [*FORMS, *TERMS], ids=lambda form: form.name)
def test_every_step_can_be_asked_whatever_there_is_to_choose(form: Any, language: str) -> None:
    for step in form.steps:
        if step.key == "danger":
            continue
        for choices in CHOICES:
            if form.name == "appoint" and step.key == "role" and choices not in ((), tuple(Role), None):
                continue
            if step.key in ("other", "who", "same", "proxy") and choices and choices != ROWS:
                continue
            if form.name == "people" and choices == ROWS:
                continue
            for prompt in prompts(form.name, step.key, choices):
                check(step.screen(prompt, voice(language)))


def asked(**answers: Any) -> Message:
    return roster.search(Prompt("people", "search", 7, answers, choices=FOUND), voice())


def test_a_big_place_says_how_names_are_found_there_and_counts_no_further_than_it_helps() -> None:
    text = asked(unit_id=1, words="王").text
    assert "从姓开始" in text
    assert "超过 200 人" in text


def test_pages_are_turned_both_ways_once_there_is_something_behind() -> None:
    assert "people.page:7" in data_of(asked(unit_id=1))
    buttons = [button.data for row in asked(unit_id=1, trail=[["a", 1]]).keyboard for button in row]
    assert {"people.page:7:before", "people.page:7:after"} <= set(buttons)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("what", TOLD)
def test_everything_told_of_an_appointment_names_its_place_and_role(what: str, language: str) -> None:
    message = shown("appointment.told", {"what": what}, APPOINTED, language)
    check(message)
    assert voice(language).term("role", "secretary") in message.text


def test_a_card_without_rights_has_no_button() -> None:
    bare = replace(PERSON, may=frozenset(), held=())
    assert not shown("person.card", {}, bare).keyboard


def test_the_end_is_asked_for_once_more() -> None:
    message = appointments.sure_to_end(APPOINTED, voice=voice())
    check(message)
    assert f"person.endyes:{BIG}" in data_of(message)


def test_units_with_more_below_are_marked() -> None:
    level = roster.search(Prompt("people", "search", 7, {}, choices=LEVEL), voice())
    assert any(button.text.endswith("›") for row in level.keyboard for button in row)
    assert UNIT in LEVEL.rows


def test_who_is_suspended_can_be_heard_no_more_and_who_is_blocked_heard_again() -> None:
    def buttons(**changes: Any) -> set[str]:
        card = shown("person.card", {}, replace(PERSON, held=(), **changes))
        return {button.data for row in card.keyboard for button in row}

    assert buttons(may=frozenset({"block"})) == {f"block.add:{PERSON.id}"}
    assert buttons(may=frozenset({"unblock"}), blocked=True) == {f"block.remove:{PERSON.id}"}
