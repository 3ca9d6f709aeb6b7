"""What a branch may do about a lesson that was assigned from above: remind its own people. Source: docs/rules.md §8."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from domain.base import Action, Actor, Decision, Event, Refused, Subject, Sweep
from domain.lessons.composing import NUDGE_PAUSE
from domain.lessons.shapes import Lesson, LessonState
from domain.permissions import Permission
from domain.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class BeginNudge(Sweep):
    """From ``at`` on the people of these branches who have not done a lesson are reminded of it."""

    lesson_id: int
    unit_ids: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class BranchCase:
    """A lesson, the paths of the branches below its unit where the actor is secretary, and when each of them was last
    reminded, both by the branch's id."""

    lesson: Lesson
    branches: Mapping[int, str] = field(default_factory=dict)
    last: Mapping[int, datetime] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        """For the permission check: one of the branches stands for all, for each is the actor's."""
        return Subject(path=next(iter(self.branches.values()), ""))


@dataclass(frozen=True, slots=True)
class NudgeBranch(Action):
    """Remind everybody of one's own branches who has not done it, once a day."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int


def nudge_branch(
    case: BranchCase, action: NudgeBranch, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Whoever was reminded by those above a little while ago is left in peace."""
    lesson = case.lesson
    if lesson.state is not LessonState.OPEN:
        raise Refused("lesson.not_now")
    times = [*case.last.values(), *([lesson.nudged_at] if lesson.nudged_at is not None else [])]
    if any(now < at + NUDGE_PAUSE for at in times):
        raise Refused("lesson.nudged")
    branches = tuple(sorted(case.branches))
    return Decision(
        sweeps=(BeginNudge(lesson.id, branches, now),),
        events=tuple(
            Event("lesson.nudged", "lesson", lesson.id, {"branch": branch}, unit_id=branch)
            for branch in branches
        ),
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {NudgeBranch: nudge_branch}
