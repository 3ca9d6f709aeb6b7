"""Danger: words that must ring people at once and never become a task. Source: docs/rules.md §3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from domain.base import (
    Action,
    Actor,
    Content,
    Decision,
    Entity,
    Event,
    Notice,
    Purpose,
    Refresh,
    Refused,
    Remark,
    Role,
    Subject,
    ToPerson,
    ToResponsible,
)
from domain.lanes import Lane
from domain.permissions import Permission
from domain.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Alarm(Entity):
    """Somebody is in danger. A leader's acknowledgement closes it."""

    unit_id: int | None
    person_id: int
    raised_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: int | None = None


@dataclass(frozen=True, slots=True)
class AlarmCase:
    """An alarm with where it was raised. ``alarm`` is None while it is being raised."""

    path: str
    alarm: Alarm | None = None
    new_id: int = 0

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class RaiseAlarm(Action):
    """Ring leader and secretary at once, past quiet hours."""

    permission: ClassVar[str] = Permission.RAISE_ALARM
    words: str


@dataclass(frozen=True, slots=True)
class AcknowledgeAlarm(Action):
    """A leader has seen it and acts."""

    permission: ClassVar[str] = Permission.ACKNOWLEDGE_ALARM
    alarm_id: int


def has_danger(text: str, rules: Rulebook) -> bool:
    """Whether the words speak of danger to life. Better one ring too many than one too few."""
    folded = " ".join(text.casefold().split())
    return any(word.casefold() in folded for word in rules.danger_words)


def raise_alarm(
    case: AlarmCase, action: RaiseAlarm, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Ring both the nearest leader and the nearest secretary."""
    alarm = Alarm(case.new_id, 0, unit_id=actor.home_unit_id, person_id=actor.person_id, raised_at=now)
    rung: tuple[Notice, ...] = ()
    if actor.home_unit_id is not None:
        rung = tuple(
            Notice(
                ToResponsible(actor.home_unit_id, roles=(role,)),
                "alarm.card",
                alarm.id,
                lane=Lane.PERSON,
                card=True,
            )
            for role in (Role.LEADER, Role.SECRETARY)
        )
    return Decision(
        saves=(alarm,),
        events=(Event("alarm.raised", "alarm", alarm.id, unit_id=alarm.unit_id),),
        remarks=(Remark("alarm", alarm.id, Purpose.ALARM, actor.person_id, Content("text", action.words)),),
        notices=rung,
        result={"alarm_id": alarm.id},
    )


def acknowledge(
    case: AlarmCase, action: AcknowledgeAlarm, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """The first acknowledgement counts; the person who rang is told who has seen it."""
    alarm = case.alarm
    if alarm is None or alarm.acknowledged_at is not None:
        raise Refused("alarm.acknowledged_already")
    seen = replace(alarm, acknowledged_at=now, acknowledged_by=actor.person_id)
    return Decision(
        saves=(seen,),
        events=(Event("alarm.acknowledged", "alarm", seen.id, unit_id=seen.unit_id),),
        notices=(
            Notice(
                ToPerson(seen.person_id),
                "alarm.acknowledged",
                seen.id,
                {"leader": actor.name},
                lane=Lane.PERSON,
            ),
        ),
        refreshes=(Refresh("alarm.card", seen.id),),
        result={"alarm_id": seen.id},
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {RaiseAlarm: raise_alarm, AcknowledgeAlarm: acknowledge}
