"""Two records of one human become one: by the secretary's word, or by a number that Telegram vouches for.

The record that was there first, or that has the account, keeps its id and takes over everything that points to the
other, which stays as a tombstone: audit and ledger go on naming it. Source: docs/rules.md §1, §11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from domain.base import (
    NOT_FOUND,
    Action,
    Actor,
    Decision,
    Event,
    Moved,
    Notice,
    Refresh,
    Refused,
    Role,
    Scalar,
    Subject,
    ToChat,
    ToPerson,
    ToResponsible,
)
from domain.people import Appointment, Person, is_over, menu_of
from domain.permissions import Permission
from domain.points import LEDGER_STOPPED
from domain.rank import RosterCase, Standing, is_tombstone, outranks
from domain.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class MergeCase:
    """Two records, each seen from where the actor reaches it. ``subject`` is the one that is reached worse.

    ``clash``: both hold a place in the same task, or one looks after the other. ``waiting``: points not posted yet;
    ``stopped``: none are posted, because the ledger does not add up.
    """

    kept: RosterCase
    gone: RosterCase
    path: str = ""
    clash: bool = False
    waiting: bool = False
    stopped: bool = False

    @property
    def subject(self) -> Subject:
        """For the permission check: over both."""
        return Subject(path=self.path, owners=frozenset({self.kept.person.id, self.gone.person.id}))


@dataclass(frozen=True, slots=True)
class OwnCase:
    """Somebody who shared their own number, and the records without an account that have it (at most two)."""

    person: Person
    alike: tuple[Person, ...] = ()
    is_new: bool = False

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(owners=frozenset({self.person.id}))


@dataclass(frozen=True, slots=True)
class MergePeople(Action):
    """Two records of one human become one. Which of them stays is the rules' to say."""

    permission: ClassVar[str] = Permission.MERGE_PEOPLE
    person_id: int
    other_id: int


@dataclass(frozen=True, slots=True)
class ShareOwnPhone(Action):
    """Somebody's own number, as Telegram vouches for it: whoever entered them before knew it."""

    permission: ClassVar[str] = Permission.KEEP_OWN_SETTINGS
    phone: str


def merge(case: MergeCase, action: MergePeople, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """The record with the account stays, of two accounts the one whose consent is newer; the other is a tombstone.

    Authority moves with the appointments, so both must be people whom the actor outranks.
    """
    one, other = case.kept.person, case.gone.person
    if one.id == other.id or actor.person_id in (one.id, other.id):
        raise Refused("merge.not_oneself")
    if is_tombstone(one) or is_tombstone(other):
        raise Refused(NOT_FOUND)
    if not (outranks(actor, case.kept.standing, now) and outranks(actor, case.gone.standing, now)):
        raise Refused("roster.above_you")
    if case.clash:
        raise Refused("merge.clash")
    if case.stopped:
        raise Refused(LEDGER_STOPPED)
    if case.waiting:
        raise Refused("merge.points_waiting")
    kept, gone = kept_and_gone(one, other)
    standing = {kept.id: case.kept.standing, gone.id: case.gone.standing}
    if kept.id == other.id:
        standing = {kept.id: case.gone.standing, gone.id: case.kept.standing}
    return _merged(
        kept, gone, kept_holds=standing[kept.id], gone_holds=standing[gone.id], by=actor.person_id, now=now
    )


def kept_and_gone(one: Person, other: Person) -> tuple[Person, Person]:
    """Which of two records of one human stays, and which becomes a tombstone."""

    def claim(person: Person) -> tuple[bool, float, int]:
        consented = person.consent_at.timestamp() if person.consent_at else 0.0
        return person.telegram_id is not None, consented, -person.id

    return (one, other) if claim(one) >= claim(other) else (other, one)


def share_own_phone(
    case: OwnCase, action: ShareOwnPhone, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """A number that belongs to exactly one record without an account, given by somebody new: they are the same."""
    person = replace(case.person, phone=action.phone)
    decision, _ = recognised(case, person, now=now)
    if decision is not None:
        return decision
    return Decision(
        saves=(person,) if person != case.person else (),
        events=(_event("person.phone_shared", person),),
        notices=maybe_the_same(case, person),
        result={"person_id": person.id},
    )


def recognised(case: OwnCase, person: Person, *, now: datetime) -> tuple[Decision | None, Person]:
    """The newcomer's account moves to the record that was there before, which keeps its roles; and who it is now.

    None while it is not certain: several have the number, or the newcomer has done things here already.
    """
    if not case.is_new or len(case.alike) != 1:
        return None, person
    known = case.alike[0]
    taken = replace(
        known,
        telegram_id=person.telegram_id,
        name=known.name or person.name,
        language=person.language,
        home_unit_id=known.home_unit_id or person.home_unit_id,
        household_id=known.household_id if known.home_unit_id else person.household_id,
        phone=person.phone,
        consent_version=person.consent_version,
        consent_at=person.consent_at,
        unreachable_since=None,
        proxy_id=None,
    )
    tombstone = _tombstone(person, into=known.id)
    return (
        Decision(
            saves=(tombstone, taken),
            events=(_event("person.recognised", taken, gone_id=person.id),),
            notices=(Notice(ToPerson(known.id), "person.recognised"), menu_of(taken)),
            refreshes=(Refresh("person.card", known.id),),
            moved=(Moved(person.id, known.id),),
            result={"person_id": known.id},
        ),
        taken,
    )


def maybe_the_same(case: OwnCase, person: Person) -> tuple[Notice, ...]:
    """Records that may be the same human are laid before the secretary, who may merge them."""
    if not case.alike or person.home_unit_id is None:
        return ()
    return (
        Notice(
            ToResponsible(person.home_unit_id, (Role.SECRETARY,), passing_over=frozenset({person.id})),
            "person.maybe_same",
            person.id,
        ),
    )


def _merged(
    kept: Person,
    gone: Person,
    *,
    kept_holds: tuple[Standing, ...],
    gone_holds: tuple[Standing, ...],
    by: int,
    now: datetime,
) -> Decision:
    merged = replace(
        kept,
        name=kept.name or gone.name,
        home_unit_id=kept.home_unit_id or gone.home_unit_id,
        household_id=(
            kept.household_id or (gone.household_id if kept.home_unit_id == gone.home_unit_id else None)
        )
        if kept.home_unit_id
        else gone.household_id,
        phone=kept.phone or gone.phone,
        number=kept.number or gone.number,
        proxy_id=None if kept.telegram_id else kept.proxy_id or gone.proxy_id,
        # Two records may not be a way out of a suspension.
        suspended=kept.suspended or gone.suspended,
    )
    if merged.proxy_id in (kept.id, gone.id):
        merged = replace(merged, proxy_id=None)
    has = {
        (one.appointment.role, one.appointment.unit_id)
        for one in kept_holds
        if not is_over(one.appointment, now)
    }
    moved = tuple(_moved_appointment(one.appointment, kept.id, has, now) for one in gone_holds)
    told: tuple[Notice, ...] = ()
    if kept.consent_version:
        told = (Notice(ToPerson(kept.id), "person.merged"), menu_of(merged))
    if gone.telegram_id is not None and gone.consent_version:
        # Nobody any more to look the language up of.
        told = (
            *told,
            Notice(ToChat(gone.telegram_id), "person.merged_away", None, {"language": gone.language}),
        )
    return Decision(
        # The tombstone first: a number in the roster, and an account, belong to one record at a time.
        saves=(_tombstone(gone, into=kept.id), merged, *moved),
        events=(_event("person.merged", merged, gone_id=gone.id, by=by),),
        notices=told,
        refreshes=(Refresh("person.card", kept.id), Refresh("person.card", gone.id)),
        moved=(Moved(gone.id, kept.id, chat_id=gone.telegram_id),),
        result={"person_id": kept.id},
    )


def _moved_appointment(
    appointment: Appointment, to: int, has: set[tuple[Role, int]], now: datetime
) -> Appointment:
    """The same appointment of the record that stays. One that it holds already stays behind, ended."""
    if (appointment.role, appointment.unit_id) in has and not is_over(appointment, now):
        return replace(appointment, person_id=to, ends_at=max(now, appointment.starts_at))
    return replace(appointment, person_id=to)


def _tombstone(person: Person, *, into: int) -> Person:
    """What stays of a record: its id and its name, for audit and ledger. It lives nowhere, so no list has it."""
    return replace(
        person,
        telegram_id=None,
        home_unit_id=None,
        household_id=None,
        phone=None,
        number=None,
        proxy_id=None,
        unreachable_since=None,
        merged_into_id=into,
    )


def _event(name: str, person: Person, **data: Scalar) -> Event:
    return Event(name, "person", person.id, data, unit_id=person.home_unit_id)


DECIDE: dict[type[Action], Callable[..., Decision]] = {MergePeople: merge, ShareOwnPhone: share_own_phone}
