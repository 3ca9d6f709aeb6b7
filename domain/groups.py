"""Telegram groups bound to a unit, where open tasks may be posted. Source: docs/rules.md §1, §2."""

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
    Entity,
    Event,
    Notice,
    Refused,
    Subject,
    ToPerson,
)
from domain.lanes import Lane
from domain.people import Appointment
from domain.permissions import Permission, allowed
from domain.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Group(Entity):
    """A group chat. ``unit_id`` None: known, but bound to nothing."""

    chat_id: int
    unit_id: int | None
    bound_by: int | None
    bound_at: datetime | None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GroupCase:
    """A group (version 0 when it is new) and the unit it is to be bound to. ``bound_path`` is the unit's that it is
    bound to so far; "" when there is none.
    """

    group: Group
    unit_id: int
    path: str
    bound_path: str = ""

    @property
    def subject(self) -> Subject:
        """For the permission check: a secretary of the unit."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class KnownGroup:
    """A group as it is; None when nobody ever bound it. ``secretaries``: appointments there and above, nearest first."""

    group: Group | None
    path: str = ""
    secretaries: tuple[Appointment, ...] = ()

    @property
    def subject(self) -> Subject:
        """For the permission check: a secretary of the unit."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class BindGroup(Action):
    """Post the unit's open tasks in this group from now on."""

    permission: ClassVar[str] = Permission.BIND_GROUP
    chat_id: int
    unit_id: int


@dataclass(frozen=True, slots=True)
class UnbindGroup(Action):
    """Post nothing in this group any more."""

    permission: ClassVar[str] = Permission.BIND_GROUP
    chat_id: int


@dataclass(frozen=True, slots=True)
class LoseGroup(Action):
    """Telegram says that the bot was removed from this group."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    chat_id: int


def bind(case: GroupCase, action: BindGroup, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """The newest binding counts; a group that serves a unit is taken from it only by who may bind for that one too."""
    if not case.path:
        raise Refused("unit.unknown")
    serves = bool(case.bound_path) and case.group.left_at is None
    if serves and not allowed(actor, action.permission, Subject(path=case.bound_path)):
        raise Refused(NOT_FOUND)
    bound = replace(case.group, unit_id=case.unit_id, bound_by=actor.person_id, bound_at=now, left_at=None)
    return Decision(
        saves=(bound,),
        events=(Event("group.bound", "group", bound.id, {"unit_id": case.unit_id}, unit_id=case.unit_id),),
        result={"unit_id": case.unit_id},
    )


def unbind(
    case: KnownGroup, action: UnbindGroup, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Whoever may bind for the unit may end it."""
    group = case.group
    if group is None or group.unit_id is None:
        raise Refused("group.not_bound")
    free = replace(group, unit_id=None, bound_by=None, bound_at=None)
    return Decision(
        saves=(free,),
        events=(
            Event("group.unbound", "group", group.id, {"unit_id": group.unit_id}, unit_id=group.unit_id),
        ),
    )


def lose(case: KnownGroup, action: LoseGroup, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Who bound it hears of it, and the nearest secretaries, once each; told again, Telegram changes nothing."""
    group = case.group
    if group is None or group.left_at is not None:
        return Decision()
    now_there = [held for held in case.secretaries if held.in_force(now)]
    nearest = [held.person_id for held in now_there if held.unit_id == now_there[0].unit_id]
    told = () if group.unit_id is None else dict.fromkeys((group.bound_by or 0, *nearest))
    return Decision(
        saves=(replace(group, left_at=now),),
        events=(Event("group.left", "group", group.id, {}, unit_id=group.unit_id),),
        notices=tuple(
            Notice(ToPerson(person_id), "group.left", group.unit_id, lane=Lane.REMINDER)
            for person_id in told
            if person_id
        ),
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    BindGroup: bind,
    UnbindGroup: unbind,
    LoseGroup: lose,
}
