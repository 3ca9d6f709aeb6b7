"""Telegram groups bound to a unit, where open tasks may be posted. Source: DOMAIN §1; the bot's rights there: §2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from domain.base import NOT_FOUND, Action, Actor, Decision, Entity, Event, Refused, Subject
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
class BindGroup(Action):
    """Post the unit's open tasks in this group from now on."""

    permission: ClassVar[str] = Permission.BIND_GROUP
    chat_id: int
    unit_id: int


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


DECIDE: dict[type[Action], Callable[..., Decision]] = {BindGroup: bind}
