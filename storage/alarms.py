"""Alarms: the rows behind raising and acknowledging one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from domain.alarms import AcknowledgeAlarm, Alarm, AlarmCase, RaiseAlarm
from domain.base import NOT_FOUND, Actor, Refused
from domain.rulebook import Rulebook
from storage.entities import load, next_id
from storage.people import unit_path


def load_for_raising(connection: Connection, action: RaiseAlarm, actor: Actor, rules: Rulebook) -> AlarmCase:
    """A new alarm where the actor lives."""
    return AlarmCase(path=actor.home_path, new_id=next_id(connection, Alarm))


def load_for_acknowledgement(
    connection: Connection, action: AcknowledgeAlarm, actor: Actor, rules: Rulebook
) -> AlarmCase:
    """The alarm, and where it was raised."""
    found = load(connection, Alarm, action.alarm_id)
    if found is None or found.unit_id is None:
        raise Refused(NOT_FOUND)
    return AlarmCase(path=unit_path(connection, found.unit_id), alarm=found)


LOADERS: dict[type[Any], Any] = {RaiseAlarm: load_for_raising, AcknowledgeAlarm: load_for_acknowledgement}
