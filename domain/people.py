"""People: arrival and consent, language, home, appointments. Source: docs/rules.md §1, §2, §11."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from domain.base import (
    Action,
    Actor,
    Decision,
    Entity,
    Event,
    Notice,
    Refused,
    Role,
    Subject,
    ToPerson,
)
from domain.lanes import Lane
from domain.permissions import Permission
from domain.rulebook import Rulebook

LANGUAGES = ("zh", "en")
MAX_NAME = 64
MAX_FLAT = 40


@dataclass(frozen=True, slots=True)
class Person(Entity):
    """Anyone known to the bot. ``telegram_id`` is None for people who are spoken for by a proxy.

    ``number`` is theirs in the community's own roster. A record with ``merged_into_id`` or ``erased_at`` is a tombstone:
    nobody finds it, and what it did stays in audit and ledger under its id.
    """

    telegram_id: int | None
    name: str
    language: str
    home_unit_id: int | None = None
    household_id: int | None = None
    phone: str | None = None
    consent_version: int | None = None
    consent_at: datetime | None = None
    suspended: bool = False
    unreachable_since: datetime | None = None
    number: str | None = None
    proxy_id: int | None = None
    merged_into_id: int | None = None
    erased_at: datetime | None = None


class Phase(StrEnum):
    """What the holder of an appointment has been told of it. Authority follows its two times alone."""

    COMING = "coming"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Appointment(Entity):
    """``role`` at a unit from–until; ``until`` None while it lasts. ``deputy_for_id``: it stands in for that one."""

    person_id: int
    role: Role
    unit_id: int
    starts_at: datetime
    ends_at: datetime | None = None
    granted_by: int | None = None
    deputy_for_id: int | None = None
    phase: Phase = Phase.RUNNING

    def in_force(self, now: datetime) -> bool:
        """Whether it gives authority at ``now``."""
        return self.starts_at <= now and (self.ends_at is None or self.ends_at > now)


def is_over(appointment: Appointment, now: datetime) -> bool:
    """Whether nothing follows from an appointment any more."""
    return appointment.phase is Phase.ENDED or (
        appointment.ends_at is not None and appointment.ends_at <= now
    )


@dataclass(frozen=True, slots=True)
class PersonCase:
    """A person, and the unit an action names. ``unit_path`` is empty when there is no such unit."""

    person: Person
    unit_id: int = 0
    unit_path: str = ""
    unit_has_homes: bool = True
    new_id: int = 0
    standing: tuple[Appointment, ...] = ()

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.unit_path, owners=frozenset({self.person.id}))


@dataclass(frozen=True, slots=True)
class GiveConsent(Action):
    """The first "yes": from here on there is a person. ``name`` is what Telegram calls them, until they say better."""

    permission: ClassVar[str] = Permission.ARRIVE
    telegram_id: int
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class ChooseHome(Action):
    """Live in this unit, from a button or from a printed code."""

    permission: ClassVar[str] = Permission.KEEP_OWN_SETTINGS
    unit_id: int


@dataclass(frozen=True, slots=True)
class ChooseLanguage(Action):
    """Read everything in this language from now on."""

    permission: ClassVar[str] = Permission.KEEP_OWN_SETTINGS
    language: str


@dataclass(frozen=True, slots=True)
class Appoint(Action):
    """Give a role at a unit, from the command line: to somebody known or not, from now or from ``starts_at`` on."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    telegram_id: int
    role: Role
    unit_id: int
    name: str | None = None
    language: str = "zh"
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def consent(
    case: PersonCase, action: GiveConsent, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Consent is kept with its version and time. Source: docs/rules.md §11."""
    if action.language not in LANGUAGES:
        raise Refused("language.unknown")
    person = replace(
        case.person,
        # Whoever was given a role before their first word is called by their number so far.
        name=action.name[:MAX_NAME]
        if case.person.name in ("", str(case.person.telegram_id))
        else case.person.name,
        language=action.language,
        consent_version=rules.consent_version,
        consent_at=now,
    )
    return Decision(
        saves=(person,),
        events=(Event("person.consented", "person", person.id, {"version": rules.consent_version}),),
        notices=(menu_of(person),),
        result={"person_id": person.id},
    )


def choose_home(
    case: PersonCase, action: ChooseHome, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """A new home is a new address: the flat is asked again."""
    if not case.unit_path or not case.unit_has_homes:
        raise Refused("unit.unknown")
    person = case.person
    if person.home_unit_id != case.unit_id:
        person = replace(person, home_unit_id=case.unit_id, household_id=None)
    return Decision(
        saves=(person,),
        events=(Event("person.moved", "person", person.id, {"unit_id": case.unit_id}, unit_id=case.unit_id),),
        result={"unit_id": case.unit_id},
    )


def choose_language(
    case: PersonCase, action: ChooseLanguage, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The language is the person's, and everything that leaves later is in it."""
    if action.language not in LANGUAGES:
        raise Refused("language.unknown")
    person = replace(case.person, language=action.language)
    return Decision(
        saves=(person,),
        events=(Event("person.language_chosen", "person", person.id, {"language": action.language}),),
        notices=(menu_of(person),),
        result={"language": action.language},
    )


def appoint(case: PersonCase, action: Appoint, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A second appointment to the same role at the same unit changes nothing."""
    if not case.unit_path:
        raise Refused("unit.unknown")
    starts_at = max(action.starts_at or now, now)
    if action.ends_at is not None and action.ends_at <= starts_at:
        raise Refused("appoint.ends_too_early")
    if any(
        a.role is action.role and a.unit_id == case.unit_id and not is_over(a, now) for a in case.standing
    ):
        return Decision(result={"person_id": case.person.id, "already": True})
    person = case.person
    if not person.version:
        person = replace(person, name=action.name or str(action.telegram_id), language=action.language)
    elif action.name:
        person = replace(person, name=action.name)
    coming = starts_at > now
    appointment = Appointment(
        case.new_id,
        0,
        person_id=person.id,
        role=action.role,
        unit_id=case.unit_id,
        starts_at=starts_at,
        ends_at=action.ends_at,
        phase=Phase.COMING if coming else Phase.RUNNING,
    )
    return Decision(
        saves=(person, appointment),
        events=(
            Event(
                "person.appointed",
                "person",
                person.id,
                {"role": action.role.value, "unit_id": case.unit_id},
                unit_id=case.unit_id,
            ),
        ),
        notices=(
            Notice(ToPerson(person.id), "person.appointed", case.unit_id, {"role": action.role.value}),
            menu_of(person),
        )
        if person.consent_version and not coming
        else (),
        result={"person_id": person.id},
    )


def menu_of(person: Person) -> Notice:
    """Telegram's own menu of commands follows the person's rights and language: sent with every change of either."""
    return Notice(ToPerson(person.id), "commands", lane=Lane.PERSON)


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    GiveConsent: consent,
    ChooseHome: choose_home,
    ChooseLanguage: choose_language,
    Appoint: appoint,
}
