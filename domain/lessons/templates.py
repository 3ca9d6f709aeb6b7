"""Templates of lessons: what was composed once, under a name, to begin the next ones with. Source: docs/rules.md §8.

A template is its unit's: who may assign lessons in the unit's name uses, renames and drops it. Names are as those of
notices' templates (``domain/templates.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from domain.base import (
    Action,
    Actor,
    Decision,
    Entity,
    Event,
    Notice,
    Query,
    Refused,
    Scalar,
    Subject,
    Sweep,
    ToPerson,
)
from domain.lanes import Lane
from domain.lessons.shapes import CARD, Lesson, LessonState
from domain.permissions import Permission
from domain.queries import Place
from domain.rulebook import Rulebook
from domain.templates import MOST, named

COMPOSED = (
    "titles",
    "texts",
    "media",
    "minutes",
    "addressees",
    "points",
    "questions",
    "pass_mark",
    "tries",
)
"""The fields of a lesson that a template keeps."""
DAYS = 7
"""How long a lesson made of a template has at first: its secretary sees the day and may change it."""


@dataclass(frozen=True, slots=True)
class LessonTemplate(Entity):
    """``composed``: the fields of ``COMPOSED`` as they were, in JSON's values."""

    unit_id: int
    name: str
    created_at: datetime
    composed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DropLessonTemplate(Sweep):
    """A template is no more."""

    template_id: int


@dataclass(frozen=True, slots=True)
class KeepCase:
    """A lesson to be kept as a template. ``names``: those its unit has already, folded."""

    lesson: Lesson
    path: str
    new_id: int
    names: frozenset[str] = frozenset()

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class KeptCase:
    """A template, the path of its unit ("" when it shall be used and that is closed), its time zone, and the names of the
    others there, folded. ``new_lesson``: the id of the next."""

    template: LessonTemplate
    path: str
    zone: str = ""
    names: frozenset[str] = frozenset()
    new_lesson: int = 0

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class KeepLesson(Action):
    """Keep what was composed of a lesson, in whatever state, under a name."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int
    name: str


@dataclass(frozen=True, slots=True)
class UseLessonTemplate(Action):
    """A new draft with everything of a template."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    template_id: int


@dataclass(frozen=True, slots=True)
class RenameLessonTemplate(Action):
    """Call it so."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    template_id: int
    name: str


@dataclass(frozen=True, slots=True)
class DeleteLessonTemplate(Action):
    """Have it no more. Lessons made of it stay."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    template_id: int


def _event(name: str, template: LessonTemplate, **data: Scalar) -> Event:
    return Event(name, "lesson_template", template.id, data, unit_id=template.unit_id)


def keep(case: KeepCase, action: KeepLesson, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Whom it is for stays as it was chosen; whether they may be addressed is asked when a lesson is assigned."""
    name = named(action.name, case.names)
    if len(case.names) >= MOST:
        raise Refused("template.too_many", most=MOST)
    lesson = case.lesson
    composed = {key: getattr(lesson, key) for key in COMPOSED}
    composed["media"] = [list(one) for one in lesson.media]
    composed["questions"] = [dict(one) for one in lesson.questions]
    template = LessonTemplate(case.new_id, 0, lesson.unit_id, name, now, composed)
    return Decision(
        saves=(template,),
        events=(_event("lesson.template_saved", template, lesson=lesson.id),),
        result={"template_id": template.id},
    )


def lesson_of(
    template: LessonTemplate, new_id: int, *, author_id: int, now: datetime, due_on: date
) -> Lesson:
    """A draft with everything of a template."""
    kept = {key: value for key, value in template.composed.items() if key in COMPOSED}
    kept["media"] = tuple((kind, file_id) for kind, file_id in kept.get("media", ()))
    kept["questions"] = tuple(kept.get("questions", ()))
    return Lesson(
        new_id,
        0,
        author_id=author_id,
        unit_id=template.unit_id,
        state=LessonState.DRAFT,
        created_at=now,
        due_on=due_on,
        **kept,
    )


def use(
    case: KeptCase, action: UseLessonTemplate, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """To be read through and assigned like any other lesson."""
    today = now.astimezone(ZoneInfo(case.zone or rules.time_zone)).date()
    lesson = lesson_of(
        case.template,
        case.new_lesson,
        author_id=actor.person_id,
        now=now,
        due_on=today + timedelta(days=DAYS),
    )
    return Decision(
        saves=(lesson,),
        events=(
            Event(
                "lesson.composed",
                "lesson",
                lesson.id,
                {"template": case.template.id},
                unit_id=lesson.unit_id,
            ),
        ),
        notices=(Notice(ToPerson(actor.person_id), CARD, lesson.id, lane=Lane.PERSON, card=True),),
        result={"lesson_id": lesson.id},
    )


def rename(
    case: KeptCase, action: RenameLessonTemplate, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """To a name that no other of the unit has."""
    template = replace(case.template, name=named(action.name, case.names))
    return Decision(saves=(template,), events=(_event("lesson.template_renamed", template),))


def delete(
    case: KeptCase, action: DeleteLessonTemplate, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """For good."""
    return Decision(
        sweeps=(DropLessonTemplate(case.template.id),),
        events=(_event("lesson.template_deleted", case.template),),
    )


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    KeepLesson: keep,
    UseLessonTemplate: use,
    RenameLessonTemplate: rename,
    DeleteLessonTemplate: delete,
}

# --- what is shown --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LessonTemplateLine:
    """A template in a list, with what a lesson made of it begins with."""

    id: int
    name: str
    place: Place
    titles: Mapping[str, str] = field(default_factory=dict)
    minutes: int = 0
    questions: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class ListLessonTemplates(Query):
    """Templates of the units in whose name the reader may assign lessons, by name: ``Page[LessonTemplateLine]``."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    page: int = 1


@dataclass(frozen=True, slots=True)
class SeeLessonTemplate(Query):
    """One of them: ``LessonTemplateLine``."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    template_id: int
