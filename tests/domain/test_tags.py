"""What staff note of a person: from the list, once, and never of who is nobody any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.base import Actor, Decision, Refused
from domain.people import Person
from domain.rulebook import Rulebook
from domain.tags import PutTag, TagCase, TagPerson, tag_person

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LAN = Person(5, 1, 21, "李桂兰", "zh", home_unit_id=4)


def decide(case: TagCase, tag: str, *, on: bool) -> Decision:
    return tag_person(case, TagPerson(case.person.id, tag, on), actor=Actor(6), now=NOW, rules=Rulebook())


def test_a_tag_is_put_on_and_taken_off_with_no_more_than_its_code_on_record() -> None:
    put = decide(TagCase(LAN, "1.4.", tagged=False), "mobility", on=True)
    assert put.sweeps == (PutTag(5, "mobility", on=True),)
    assert [(event.name, event.subject_id, event.data) for event in put.events] == [
        ("person.tagged", 5, {"tag": "mobility"})
    ]
    taken = decide(TagCase(LAN, "1.4.", tagged=True), "mobility", on=False)
    assert taken.sweeps == (PutTag(5, "mobility", on=False),)
    assert [event.name for event in taken.events] == ["person.untagged"]


@pytest.mark.parametrize("on", [True, False])
def test_what_is_so_already_changes_nothing(on: bool) -> None:
    assert decide(TagCase(LAN, "1.4.", tagged=on), "mobility", on=on) == Decision()


def test_a_tag_that_is_no_longer_in_the_list_can_only_be_taken_off() -> None:
    with pytest.raises(Refused, match="not_found"):
        decide(TagCase(LAN, "1.4.", tagged=False), "left_handed", on=True)
    assert decide(TagCase(LAN, "1.4.", tagged=True), "left_handed", on=False).sweeps


@pytest.mark.parametrize("gone", [replace(LAN, merged_into_id=9), replace(LAN, erased_at=NOW)])
def test_nothing_is_noted_of_a_tombstone(gone: Person) -> None:
    with pytest.raises(Refused, match="not_found"):
        decide(TagCase(gone, "1.4.", tagged=False), "mobility", on=True)
