"""Hours agreed on before: work of a request that will take longer than counts without a word. Source: docs/rules.md §6.

Whoever may triage the request agrees with its helpers, as long as nobody has reported; nobody agrees on their own work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from domain.base import NOT_FOUND, Action, Actor, Decision, Event, Notice, Refresh, Refused, ToPerson
from domain.permissions import Permission
from domain.requests import Case, RequestState
from domain.rulebook import Rulebook
from domain.tasks import HOLDING, ClaimState


@dataclass(frozen=True, slots=True)
class AgreeHours(Action):
    """So many hours of each helper's work on this request count at most."""

    permission: ClassVar[str] = Permission.TRIAGE_REQUEST
    request_id: int
    hours: int


def agree(case: Case, action: AgreeHours, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """More than counts anyhow and no more than counts in a day; the helpers are told."""
    request, work = case.request, case.work
    if work is None:
        raise Refused(NOT_FOUND)
    if request.state not in (RequestState.OPEN, RequestState.IN_PROGRESS):
        raise Refused("hours.not_now")
    if any(claim.state is ClaimState.REPORTED for claim in work.claims):
        raise Refused("hours.reported_already")
    if work.held_by(actor.person_id) is not None:
        raise Refused("hours.not_own")
    least, most = rules.points.task_hours, rules.points.day_hours
    if not least <= action.hours <= most:
        raise Refused("hours.wrong", least=least, most=most)
    helpers = [claim.member_id for claim in work.claims if claim.state in HOLDING]
    return Decision(
        saves=(replace(work.task, agreed_minutes=action.hours * 60),),
        events=(
            Event(
                "request.hours_agreed",
                "request",
                request.id,
                {"hours": action.hours},
                request_id=request.id,
                unit_id=request.unit_id,
            ),
        ),
        notices=tuple(
            Notice(ToPerson(member), "task.agreed", params={"number": request.id, "hours": action.hours})
            for member in helpers
        ),
        refreshes=(Refresh("desk.card", request.id),),
        result={"request_id": request.id},
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {AgreeHours: agree}
