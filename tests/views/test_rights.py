"""Rights in words: the page of the documentation is the table, and people read theirs and nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.base import Role
from domain.permissions import GRANTS, TOLD, Permission
from domain.queries import Appointed, Place, RightsFacts
from domain.rulebook import Rulebook
from views.catalogue import LANGUAGES, Texts
from views.message import MAX_TEXT, Reader
from views.rights import permissions_page, rights
from views.safe import visible_length
from views.voice import Voice

TEXTS = Texts.load()
PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
PLACE = Place("幸福社区", "Happy Community")


def said(facts: RightsFacts, language: str = "zh") -> str:
    voice = Voice(TEXTS, Reader(language=language), Rulebook(), datetime(2026, 3, 2, 2, 0, tzinfo=UTC))
    return rights(facts, voice=voice).text


def test_the_page_of_the_documentation_is_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == permissions_page(TEXTS), "run: make docs"


def test_the_page_has_a_line_for_each_permission_and_tells_no_wider_reach_than_granted() -> None:
    lines = {
        line.split("<br>")[1].split(" | ")[0]: line
        for line in permissions_page(TEXTS).splitlines()
        if "<br>" in line
    }
    assert len(lines) == len(TOLD)
    for permission in TOLD:
        cells = [cell.strip() for cell in lines[TEXTS.say("en", f"may.{permission}")].split("|")[2:-1]]
        by_role = dict(zip((None, *Role), cells, strict=False))
        for role, cell in by_role.items():
            granted = GRANTS[permission].anyone or role in GRANTS[permission].roles
            assert bool(cell) is granted, (permission, role, cell)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_resident_reads_what_is_everyones_and_nothing_of_staff(language: str) -> None:
    text = said(RightsFacts(), language)
    assert TEXTS.say(language, "may.raise_request") in text
    assert TEXTS.say(language, "may_own.see_request") in text
    assert TEXTS.say(language, "may.see_request") not in text.splitlines()
    for permission in (Permission.TRIAGE_REQUEST, Permission.CLAIM_TASK, Permission.WORK_CLAIM):
        assert TEXTS.say(language, f"may.{permission}") not in text
    assert TEXTS.say(language, "rights.duty") not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_appointment_says_where_what_it_adds_and_what_it_asks(language: str) -> None:
    text = said(RightsFacts((Appointed(Role.LEADER, PLACE),)), language)
    assert (PLACE.zh if language == "zh" else PLACE.en) in text
    assert TEXTS.say(language, "may.triage_request") in text
    assert TEXTS.say(language, "may.decline_request") not in text
    assert TEXTS.say(language, "rights.duty") in text


def test_somebody_suspended_reads_only_what_is_left() -> None:
    text = said(RightsFacts((Appointed(Role.SECRETARY, PLACE),), suspended=True))
    assert TEXTS.say("zh", "rights.suspended") in text
    assert TEXTS.say("zh", "may.raise_alarm") in text
    for permission in (Permission.RAISE_REQUEST, Permission.TRIAGE_REQUEST, Permission.WRITE_LETTER):
        assert TEXTS.say("zh", f"may.{permission}") not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_appointments_fit_into_a_message(language: str) -> None:
    many = tuple(Appointed(role, PLACE) for role in Role for _ in range(20))
    assert visible_length(said(RightsFacts(many), language)) <= MAX_TEXT
