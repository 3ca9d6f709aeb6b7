"""What is held about somebody: shown, exported, put right, forgotten. Source: docs/rules.md §11.

Whoever is forgotten leaves a record without name, address or number behind, so that ledger and audit go on adding up:
they hold ids, keys and numbers only. Where the words are that go with the person, storage knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar

from domain import requests, tasks
from domain.base import (
    Action,
    Actor,
    Decision,
    Entity,
    Event,
    Notice,
    Query,
    Refresh,
    Refused,
    Subject,
    says_something,
)
from domain.digests import DigestSettings
from domain.meetings.shapes import Answer, MeetingKind
from domain.pairings import Pairing
from domain.people import MAX_FLAT, MAX_NAME, Appointment, Person, Phase
from domain.permissions import Permission
from domain.queries import Appointed, Part, Place
from domain.requests import Case, WithdrawRequest
from domain.rulebook import Rulebook
from domain.tasks import ClaimState, ReleaseClaim, TaskState, Work, end_claims

MAX_PHONE = 32
NOWHERE = Place()

# --- what is held -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OwnData:
    """What is held about the reader, in numbers; ``words`` and ``files`` are what they wrote and sent. ``muted``: the
    kinds of notices they want no messages of.

    ``steps`` are audit rows of what they did; ``waiting`` are messages on their way to them.
    """

    name: str
    telegram_id: int
    language: str
    phone: str = ""
    place: Place = NOWHERE
    flat: str = ""
    number: str = ""
    proxy: str = ""
    consent_version: int | None = None
    consent_at: datetime | None = None
    held: tuple[Appointed, ...] = ()
    skills: tuple[str, ...] = ()
    branch: str = ""
    requests: int = 0
    open_requests: int = 0
    tasks: int = 0
    pairings: int = 0
    words: int = 0
    files: int = 0
    honour: int = 0
    spendable: int = 0
    waiting: int = 0
    steps: int = 0
    tags: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One of the reader's requests, with everything said on it by whom: ``mine`` tells the reader's own words."""

    id: int
    category: str
    urgency: str
    state: requests.RequestState
    place: Place
    raised_at: datetime
    closed_at: datetime | None = None
    stars: int | None = None
    said: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """One piece of work the reader took on, with what they wrote about it."""

    task_id: int
    category: str
    state: ClaimState
    place: Place
    claimed_at: datetime
    ended_at: datetime | None = None
    minutes: int | None = None
    said: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class ThreadRecord:
    """What the reader said to one notice, and what was written back. ``place``: in whose name the notice was."""

    notice_id: int
    place: Place
    opened_at: datetime
    said: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class PairingRecord:
    """A pairing of the reader's. ``helping``: as the member who visits."""

    id: int
    need: str
    cadence_days: int
    started_at: datetime
    ended_at: datetime | None
    helping: bool
    notes: str = ""


@dataclass(frozen=True, slots=True)
class AppointmentRecord:
    """An office held from–until."""

    held: Appointed
    starts_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckInRecord:
    """A check-in as the reader asked for it."""

    place: Place
    state: str
    branch: str
    asked_at: datetime
    decided_at: datetime | None = None
    joined_on: date | None = None


@dataclass(frozen=True, slots=True)
class PointRecord:
    """One entry of the reader's account, ``amount`` in hundredths of a point."""

    at: datetime
    currency: str
    amount: int
    source: str
    source_id: int


@dataclass(frozen=True, slots=True)
class LessonRecord:
    """The reader's part in a lesson. ``score`` in per cent, None where nothing was asked or answered."""

    titles: Mapping[str, str]
    opened_at: datetime | None
    done_at: datetime | None
    score: int | None = None


@dataclass(frozen=True, slots=True)
class MeetingRecord:
    """The reader's part in a meeting. ``reason``: why they took leave."""

    kind: MeetingKind
    topic: str
    place: Place
    starts_at: datetime
    answer: Answer
    reason: str
    checked_in_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FollowupRecord:
    """Something a meeting gave the reader to do."""

    what: str
    due_on: date
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """A "yes" to a version of the terms."""

    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """Everything that is held about the reader, oldest first. ``other`` is what they said outside of all these."""

    data: OwnData
    requests: tuple[RequestRecord, ...] = ()
    claims: tuple[ClaimRecord, ...] = ()
    other: tuple[Part, ...] = ()
    pairings: tuple[PairingRecord, ...] = ()
    appointments: tuple[AppointmentRecord, ...] = ()
    checkins: tuple[CheckInRecord, ...] = ()
    entries: tuple[PointRecord, ...] = ()
    consents: tuple[ConsentRecord, ...] = ()
    threads: tuple[ThreadRecord, ...] = ()
    digests: DigestSettings | None = None
    lessons: tuple[LessonRecord, ...] = ()
    meetings: tuple[MeetingRecord, ...] = ()
    followups: tuple[FollowupRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class SeeOwnData(Query):
    """What is held about the reader, in numbers: ``OwnData``."""

    permission: ClassVar[str] = Permission.KEEP_OWN_DATA


@dataclass(frozen=True, slots=True)
class ReadOwnRecord(Query):
    """All of it: ``OwnRecord``."""

    permission: ClassVar[str] = Permission.KEEP_OWN_DATA


# --- actions ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NoteExport(Action):
    """The reader was given everything that is held about them."""

    permission: ClassVar[str] = Permission.KEEP_OWN_DATA


@dataclass(frozen=True, slots=True)
class CorrectOwnData(Action):
    """Put right what one is called, one's number or one's flat; what is None stays as it is."""

    permission: ClassVar[str] = Permission.KEEP_OWN_DATA
    name: str | None = None
    phone: str | None = None
    flat: str | None = None


@dataclass(frozen=True, slots=True)
class ForgetMe(Action):
    """Erase everything but numbers. What runs is ended first: own requests are withdrawn, claims not begun released."""

    permission: ClassVar[str] = Permission.KEEP_OWN_DATA


@dataclass(frozen=True, slots=True)
class ForgetPerson(Action):
    """The same for somebody without a chat who asked staff for it, or again after an old copy was brought back."""

    permission: ClassVar[str] = Permission.SUSPEND_PERSON
    person_id: int


@dataclass(frozen=True, slots=True)
class OwnCase:
    """The reader's own record, with the household at the flat they name."""

    person: Person
    household_id: int | None = None

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(owners=frozenset({self.person.id}))


@dataclass(frozen=True, slots=True)
class Leaving:
    """Somebody who is to be forgotten, with all that still runs in their name.

    ``works``: what they have left to do; ``requests``: their own that may be withdrawn; ``visits``: those to them that
    are still to be made; ``only_admin``: there would be nobody left to look after the whole tree.
    """

    person: Person
    path: str = ""
    requests: tuple[Case, ...] = ()
    works: tuple[Work, ...] = ()
    visits: tuple[Work, ...] = ()
    pairings: tuple[Pairing, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    only_admin: bool = False

    @property
    def subject(self) -> Subject:
        """For the permission check: staff of the place where they live."""
        return Subject(path=self.path, owners=frozenset({self.person.id}))


# --- rules --------------------------------------------------------------------------------------------------------------


def _event(name: str, person: Person, data: dict[str, int | str | bool | None] | None = None) -> Event:
    return Event(name, "person", person.id, data or {}, unit_id=person.home_unit_id)


def note_export(
    case: OwnCase, action: NoteExport, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Reading personal data in bulk is on record, one's own too."""
    return Decision(events=(_event("privacy.exported", case.person),))


def correct(
    case: OwnCase, action: CorrectOwnData, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """What one says of oneself is taken as it is said. A flat needs the building first."""
    person = case.person
    for text, most, key in (
        (action.name, MAX_NAME, "form.name_wrong"),
        (action.phone, MAX_PHONE, "form.phone_wrong"),
        (action.flat, MAX_FLAT, "form.flat_wrong"),
    ):
        if text is not None and not (says_something(text) and len(text) <= most):
            raise Refused(key, most=most)
    if action.flat is not None and person.home_unit_id is None:
        raise Refused("unit.needed")
    changed = replace(
        person,
        name=action.name or person.name,
        phone=action.phone or person.phone,
        household_id=case.household_id or person.household_id,
    )
    said = {key: True for key in ("name", "phone", "flat") if getattr(action, key) is not None}
    return Decision(
        saves=(changed,) if changed != person else (), events=(_event("person.corrected", person, {**said}),)
    )


def forget_person(
    case: Leaving, action: ForgetPerson, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Staff do it only for who cannot do it: no chat, and no office whose holder would lose it by a neighbour's press."""
    if actor.job is None and (case.person.telegram_id is not None or case.appointments):
        raise Refused("privacy.they_can_themselves")
    return forget(case, action, actor=actor, now=now, rules=rules)


def forget(
    case: Leaving, action: ForgetMe | ForgetPerson, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """What others wait for is finished or handed back first; the rest is ended here, and then the person is nobody.

    What was reported as done stays to be confirmed or closed: somebody's points hang on it.
    """
    person = case.person
    if case.only_admin:
        raise Refused("privacy.only_admin")
    begun = sum(not _may_be_released(work, person.id, rules) for work in case.works)
    if begun:
        raise Refused("privacy.work_first", count=begun)
    nobody = replace(actor, person_id=person.id, name="", job=None)
    ended = [
        *(
            requests.withdraw(one, WithdrawRequest(one.request.id), actor=nobody, now=now, rules=rules)
            for one in case.requests
        ),
        *(
            tasks.release(one, ReleaseClaim(one.task.id, _NO_REASON), actor=nobody, now=now, rules=rules)
            for one in case.works
        ),
        *(_cancelled(work, now=now) for work in case.visits),
    ]
    return Decision(
        saves=(
            *_entities(ended),
            *(replace(pairing, ended_at=now) for pairing in case.pairings),
            *(_ended(one, now) for one in case.appointments if one.ends_at is None or one.ends_at > now),
            tombstone(person, now=now),
        ),
        events=(
            *(event for decision in ended for event in decision.events),
            Event(
                "privacy.erased",
                "person",
                person.id,
                {
                    "requests": len(case.requests),
                    "claims": len(case.works),
                    "pairings": len(case.pairings),
                    "appointments": len(case.appointments),
                },
                unit_id=person.home_unit_id,
            ),
        ),
        notices=_notices(ended),
        refreshes=tuple(refresh for decision in ended for refresh in decision.refreshes),
        forgets=(person.id,),
        result={"person_id": person.id},
    )


_NO_REASON = "-"
"""A release wants a reason; that of somebody who is forgotten is not kept."""


def tombstone(person: Person, *, now: datetime) -> Person:
    """Who is left: an id, for ledger and audit. The language stays, for the last words are said in it."""
    return Person(
        person.id,
        person.version,
        telegram_id=None,
        name="",
        language=person.language,
        suspended=person.suspended,
        merged_into_id=person.merged_into_id,
        erased_at=person.erased_at or now,
    )


def _may_be_released(work: Work, person_id: int, rules: Rulebook) -> bool:
    held = work.held_by(person_id)
    category = rules.category(work.task.category)
    sensitive = category is not None and category.sensitive
    return held is not None and held.state is ClaimState.CLAIMED and not sensitive


def _cancelled(work: Work, *, now: datetime) -> Decision:
    """A visit to who is no longer there."""
    return Decision(
        saves=(
            replace(work.task, state=TaskState.CANCELLED, taken=0),
            *end_claims(work, state=ClaimState.CANCELLED, now=now),
        ),
        refreshes=(Refresh("task.card", work.task.id),),
    )


def _ended(appointment: Appointment, now: datetime) -> Appointment:
    """Ended now; one still to come ends as it begins, and so never was in force."""
    return replace(appointment, ends_at=max(appointment.starts_at, now), phase=Phase.ENDED)


def _entities(decisions: list[Decision]) -> tuple[Entity, ...]:
    return tuple(entity for decision in decisions for entity in decision.saves)


def _notices(decisions: list[Decision]) -> tuple[Notice, ...]:
    return tuple(notice for decision in decisions for notice in decision.notices)


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    NoteExport: note_export,
    CorrectOwnData: correct,
    ForgetMe: forget,
    ForgetPerson: forget_person,
}
