"""People as staff see them: search, cards, entering, suspending, merging. Source: docs/rules.md §1, §2.

An offline person has no chat: staff enter them, and somebody near them may speak for them as their proxy. Two records
of one human become one by a merge; the other stays as a tombstone that nobody finds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from domain import merging
from domain.base import (
    NOT_FOUND,
    Action,
    Actor,
    Content,
    Decision,
    Event,
    Notice,
    Purpose,
    Refresh,
    Refused,
    Remark,
    Role,
    Scalar,
    ToPerson,
    ToResponsible,
    says_something,
)
from domain.people import MAX_FLAT, MAX_NAME, Person, menu_of
from domain.permissions import Permission
from domain.rank import RosterCase, is_tombstone, outranks
from domain.rulebook import Rulebook

MAX_REASON = 500
MAX_WORDS = 64
ROLES = ("resident", *Role)
"""What a search may be narrowed to: a resident is somebody who lives here and holds no role."""


# --- actions ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EnterPerson(Action):
    """Enter somebody without a chat. ``sure``: though somebody like them is known already."""

    permission: ClassVar[str] = Permission.ENTER_PERSON
    unit_id: int
    name: str
    flat: str
    phone: str | None = None
    proxy_id: int | None = None
    sure: bool = False


@dataclass(frozen=True, slots=True)
class CorrectPerson(Action):
    """Put right one thing about somebody: name, phone or flat."""

    permission: ClassVar[str] = Permission.ENTER_PERSON
    person_id: int
    name: str | None = None
    phone: str | None = None
    flat: str | None = None


@dataclass(frozen=True, slots=True)
class SuspendPerson(Action):
    """Keep somebody from acting, with a reason that stays with the record."""

    permission: ClassVar[str] = Permission.SUSPEND_PERSON
    person_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class RestorePerson(Action):
    """Let them act again."""

    permission: ClassVar[str] = Permission.SUSPEND_PERSON
    person_id: int


# --- rules --------------------------------------------------------------------------------------------------------------


def enter(case: RosterCase, action: EnterPerson, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A person without a chat, in a flat, maybe with somebody near who speaks for them."""
    _checked_name(action.name)
    _checked_flat(action.flat)
    if not case.unit_has_homes:
        raise Refused("unit.unknown")
    if case.twins and not action.sure:
        raise Refused("roster.known_already")
    if action.proxy_id is not None and (case.proxy is None or not case.proxy_near):
        raise Refused("roster.proxy_not_near")
    person = case.person
    told = (
        ()
        if case.proxy is None
        else (Notice(ToPerson(case.proxy.id), "person.proxy", None, {"name": person.name}),)
    )
    return Decision(
        saves=(person,),
        events=(_event("person.entered", person, proxy_id=person.proxy_id),),
        notices=told,
        result={"person_id": person.id},
    )


def correct(
    case: RosterCase, action: CorrectPerson, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """They hear of it. Who holds a role is put right only by who could have given it: a number may open an account."""
    person = _there(case)
    if person.id != actor.person_id and not outranks(actor, case.standing, now):
        raise Refused("roster.above_you")
    changed, what = person, ""
    if action.name is not None:
        changed, what = replace(person, name=_checked_name(action.name)), "name"
    elif action.phone is not None:
        changed, what = replace(person, phone=action.phone), "phone"
    elif action.flat is not None:
        _checked_flat(action.flat)
        if person.home_unit_id is None:
            raise Refused("roster.no_home")
        changed, what = replace(person, household_id=case.household_id), "flat"
    if changed == person:
        raise Refused("roster.as_it_is")
    return Decision(
        saves=(changed,),
        events=(_event("person.corrected", person, what=what),),
        notices=(Notice(ToPerson(person.id), "person.corrected", None, {"what": what, "by": actor.name}),)
        if person.id != actor.person_id and person.consent_version
        else (),
        refreshes=(Refresh("person.card", person.id),),
        result={"person_id": person.id},
    )


def suspend(
    case: RosterCase, action: SuspendPerson, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The person is told whom to ask, their menu follows, and what they have begun is laid before their leader."""
    person = _there(case)
    if not outranks(actor, case.standing, now):
        raise Refused("roster.above_you")
    if person.suspended:
        raise Refused("roster.suspended_already")
    reason = action.reason.strip()
    if not says_something(reason):
        raise Refused("form.words_needed")
    if len(reason) > MAX_REASON:
        raise Refused("request.too_long", most=MAX_REASON)
    unit_id = _last_unit(case.path)
    return Decision(
        saves=(replace(person, suspended=True),),
        events=(_event("person.suspended", person, unit_id=unit_id),),
        remarks=(
            Remark("person", person.id, Purpose.SUSPEND_REASON, actor.person_id, Content("text", reason)),
        ),
        notices=(
            *_to_them(person, "person.suspended", by=actor.name),
            Notice(
                ToResponsible(unit_id, passing_over=frozenset({person.id})),
                "person.work",
                person.id,
                {"why": "suspended"},
            ),
        ),
        refreshes=(Refresh("person.card", person.id),),
        result={"person_id": person.id},
    )


def restore(
    case: RosterCase, action: RestorePerson, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """By whoever could suspend them."""
    person = _there(case)
    if not outranks(actor, case.standing, now):
        raise Refused("roster.above_you")
    if not person.suspended:
        raise Refused("roster.not_suspended")
    return Decision(
        saves=(replace(person, suspended=False),),
        events=(_event("person.restored", person),),
        notices=_to_them(person, "person.restored", by=actor.name),
        refreshes=(Refresh("person.card", person.id),),
        result={"person_id": person.id},
    )


# --- what the rules share -------------------------------------------------------------------------------------------------


def _there(case: RosterCase) -> Person:
    if is_tombstone(case.person):
        raise Refused(NOT_FOUND)
    return case.person


def _checked_name(name: str) -> str:
    if not any(character.isalpha() for character in name) or len(name) > MAX_NAME:
        raise Refused("form.name_wrong", most=MAX_NAME)
    return name


def _checked_flat(flat: str) -> None:
    if not 1 <= len(flat.strip()) <= MAX_FLAT:
        raise Refused("form.flat_wrong", most=MAX_FLAT)


def _last_unit(path: str) -> int:
    """The unit at the end of a path.

    >>> _last_unit("1.4.12.")
    12
    """
    return int(path.rstrip(".").rpartition(".")[2] or 0)


def _to_them(person: Person, kind: str, **params: Scalar) -> tuple[Notice, ...]:
    if person.consent_version is None:
        return ()
    return (Notice(ToPerson(person.id), kind, None, params), menu_of(person))


def _event(name: str, person: Person, **data: Scalar) -> Event:
    return Event(name, "person", person.id, data, unit_id=person.home_unit_id)


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    EnterPerson: enter,
    CorrectPerson: correct,
    SuspendPerson: suspend,
    RestorePerson: restore,
    **merging.DECIDE,
}
