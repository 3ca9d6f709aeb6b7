"""Who stands above whom: which roles somebody may give, end or overrule, and where. Source: docs/rules.md §2.

The permission table says who may appoint at all and over which units; here is what follows from the roles themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.base import Actor, Held, Role, Subject
from domain.people import Appointment, Person, is_over


@dataclass(frozen=True, slots=True)
class Standing:
    """An appointment with the place of its unit in the tree."""

    appointment: Appointment
    path: str

    @property
    def held(self) -> Held:
        """As authority sees it while it is in force."""
        return Held(self.appointment.role, self.appointment.unit_id, self.path)


def in_force(standing: Iterable[Standing], now: datetime) -> tuple[Held, ...]:
    """The authority that follows from appointments at ``now``."""
    return tuple(
        one.held for one in standing if one.appointment.starts_at <= now and not is_over(one.appointment, now)
    )


def reaches(held: Held, role: Role, path: str) -> bool:
    """Whether who holds ``held`` may give, end or overrule ``role`` at the unit with ``path``.

    A secretary: leaders, secretaries and members below, and members at the own unit. An admin: everything below, and
    all but admins at the own unit. Nobody gives what they are themselves at the same place. Source: docs/rules.md §2.
    """
    if not path.startswith(held.path):
        return False
    below = path != held.path
    if held.role is Role.ADMIN:
        return below or role is not Role.ADMIN
    if held.role is Role.SECRETARY:
        return role is Role.MEMBER or (below and role is not Role.ADMIN)
    return False


def may_reach(actor: Actor, role: Role, path: str) -> bool:
    """The same for all that ``actor`` holds; a job may do everything."""
    return actor.job is not None or any(reaches(held, role, path) for held in actor.held)


def outranks(actor: Actor, standing: tuple[Standing, ...], now: datetime) -> bool:
    """Whether nothing that somebody holds, now or later, stands above or beside what ``actor`` reaches.

    To be a member is no rank.
    """
    return all(
        one.appointment.role is Role.MEMBER or may_reach(actor, one.appointment.role, one.path)
        for one in standing
        if not is_over(one.appointment, now)
    )


@dataclass(frozen=True, slots=True)
class RosterCase:
    """Somebody, seen from the unit through which the actor reaches them, with what they hold.

    ``path`` is empty when the actor reaches them from nowhere. ``household_id`` is that of a new flat; ``twins`` says
    whether the same name in the same flat, or the same phone, is known already.
    """

    person: Person
    path: str = ""
    standing: tuple[Standing, ...] = ()
    household_id: int | None = None
    unit_has_homes: bool = True
    twins: bool = False
    proxy: Person | None = None
    proxy_near: bool = False

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path, owners=frozenset({self.person.id}))


def is_tombstone(person: Person) -> bool:
    """Whether a record is nobody any more: merged into another one, or erased."""
    return person.merged_into_id is not None or person.erased_at is not None
