"""What leaders and secretaries note of a person, so that a notice finds them: living alone, a small child, a core volunteer.

By the rulebook's codes only, never in words; the person sees them among what is held about them.
Source: docs/rules.md §7, §11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.base import NOT_FOUND, Action, Actor, Decision, Event, Refused, Subject, Sweep
from domain.people import Person
from domain.permissions import Permission
from domain.rank import is_tombstone
from domain.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class PutTag(Sweep):
    """This is noted of somebody from now on (``on``), or no longer."""

    person_id: int
    tag: str
    on: bool


@dataclass(frozen=True, slots=True)
class TagCase:
    """Somebody, the place through which the actor reaches them ("": none), and whether they have the tag already."""

    person: Person
    path: str
    tagged: bool

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path, owners=frozenset({self.person.id}))


@dataclass(frozen=True, slots=True)
class TagPerson(Action):
    """Note a tag of somebody, or with ``on`` False take it off."""

    permission: ClassVar[str] = Permission.TAG_PERSON
    person_id: int
    tag: str
    on: bool


def tag_person(case: TagCase, action: TagPerson, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """One that is no longer in the list can only be taken off. Said again, nothing changes."""
    if is_tombstone(case.person) or (action.on and rules.tag(action.tag) is None):
        raise Refused(NOT_FOUND)
    if case.tagged is action.on:
        return Decision()
    # The card stands behind the screen on which this was pressed, and is shown anew by going back.
    return Decision(
        sweeps=(PutTag(case.person.id, action.tag, action.on),),
        events=(
            Event(
                "person.tagged" if action.on else "person.untagged",
                "person",
                case.person.id,
                {"tag": action.tag},
                unit_id=case.person.home_unit_id,
            ),
        ),
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {TagPerson: tag_person}
