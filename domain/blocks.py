"""The block list: accounts that are heard no more. Source: docs/rules.md §11.

A blocked person keeps their rights on paper; nothing of what they send is worked on, and nothing is sent to them. Words
of danger still bring up the numbers to call: that is the way in (``handlers/gate.py``), not a rule here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.base import Action, Actor, Block, Decision, Event, Held, Refused, Role, Subject
from domain.permissions import GRANTS, Permission
from domain.rulebook import Rulebook

_STAFF = frozenset({Role.LEADER, Role.SECRETARY, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class BlockCase:
    """An account, whether it is blocked, and whose it is if anybody is known by it (``person_id`` 0: nobody)."""

    telegram_id: int
    blocked: bool
    person_id: int = 0
    home_unit_id: int | None = None
    home_path: str = ""
    held: tuple[Held, ...] = ()

    @property
    def subject(self) -> Subject:
        """For the permission check: over where they live, and nobody for themselves."""
        return Subject(path=self.home_path, owners=frozenset({self.person_id}))


@dataclass(frozen=True, slots=True)
class BlockPerson(Action):
    """Hear this person's account no more."""

    permission: ClassVar[str] = Permission.SUSPEND_PERSON
    person_id: int


@dataclass(frozen=True, slots=True)
class UnblockPerson(Action):
    """Hear them again."""

    permission: ClassVar[str] = Permission.SUSPEND_PERSON
    person_id: int


@dataclass(frozen=True, slots=True)
class BlockAccount(Action):
    """The operator's: an account by its Telegram id, whether anybody is known by it or not."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    telegram_id: int


@dataclass(frozen=True, slots=True)
class UnblockAccount(Action):
    """The operator's way back."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    telegram_id: int


def block(case: BlockCase, action: Action, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Staff are blocked only by who answers for a unit above theirs; done already, nothing changes."""
    if case.blocked:
        raise Refused("block.already")
    if actor.job is None and not all(_stands_above(actor, held) for held in case.held if held.role in _STAFF):
        raise Refused("block.staff")
    return _decided(case, on=True)


def unblock(case: BlockCase, action: Action, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Not blocked, nothing changes."""
    if not case.blocked:
        raise Refused("block.not_blocked")
    return _decided(case, on=False)


def _stands_above(actor: Actor, theirs: Held) -> bool:
    roles = GRANTS[Permission.SUSPEND_PERSON].roles
    return any(
        held.role in roles and theirs.path.startswith(held.path) and theirs.path != held.path
        for held in actor.held
    )


def _decided(case: BlockCase, *, on: bool) -> Decision:
    kind, subject_id = ("person", case.person_id) if case.person_id else ("account", case.telegram_id)
    event = Event("person.blocked" if on else "person.unblocked", kind, subject_id, unit_id=case.home_unit_id)
    return Decision(events=(event,), blocks=(Block(case.telegram_id, on),))


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    BlockPerson: block,
    UnblockPerson: unblock,
    BlockAccount: block,
    UnblockAccount: unblock,
}
