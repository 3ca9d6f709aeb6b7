"""Series of lessons: one each week, each with a last day a week after the one before. Source: docs/rules.md §8.

A week of a series is a draft like any other until it begins: it may be changed, assigned at once or given up, which leaves
its week free again. On its first day the clock assigns it, seven days long, its last day included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from domain.base import (
    NOT_FOUND,
    Action,
    Actor,
    Decision,
    Entity,
    Event,
    Notice,
    Query,
    Refresh,
    Refused,
    Scalar,
    Subject,
    Sweep,
    ToPerson,
    says_something,
)
from domain.lanes import Lane
from domain.lessons.composing import WEEK_BEFORE, check_due, may_address
from domain.lessons.shapes import CARD, MAX_TITLE, Lesson, LessonCase, LessonState
from domain.lessons.templates import LessonTemplate, lesson_of
from domain.permissions import Permission, allowed
from domain.queries import Place
from domain.rulebook import Rulebook

PAGE = "series.page"
"""A series with its weeks, as its secretary sees it."""
MAX_WEEKS = 52


@dataclass(frozen=True, slots=True)
class Series(Entity):
    """``unit_id``: in whose name. ``weeks`` of them; ``first_due_on``: the last day of the first."""

    author_id: int
    unit_id: int
    title: str
    weeks: int
    first_due_on: date
    created_at: datetime
    stopped_at: datetime | None = None

    def due_on(self, week: int) -> date:
        """The last day of a week, which counts from 1."""
        return self.first_due_on + timedelta(weeks=week - 1)


def free_weeks(series: Series, taken: frozenset[int], today: date) -> tuple[int, ...]:
    """The weeks that have no lesson and are not over."""
    return tuple(
        week
        for week in range(1, series.weeks + 1)
        if week not in taken and series.due_on(week) >= today and series.stopped_at is None
    )


@dataclass(frozen=True, slots=True)
class LetGoOfSeries(Sweep):
    """What has not begun does not begin by itself any more."""

    series_id: int


# --- what an action needs -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewSeriesCase:
    """A new series' id, and the unit in whose name it will be, with its time zone."""

    new_id: int
    path: str
    zone: str = ""

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)


@dataclass(frozen=True, slots=True)
class SeriesCase:
    """A series, the path and the time zone of its unit. ``taken``: its weeks that have a lesson. ``paths``: of the units
    that the lesson, the ``drafts`` or the template are for, by id. ``drafts``: lessons of it that have not begun, in the
    order of their weeks. ``template_path``: of the template's unit. ``new_ids``: for the lessons
    that are made of it."""

    series: Series
    path: str
    zone: str = ""
    taken: frozenset[int] = frozenset()
    lesson: Lesson | None = None
    drafts: tuple[Lesson, ...] = ()
    template: LessonTemplate | None = None
    template_path: str = ""
    paths: Mapping[int, str] = field(default_factory=dict)
    new_ids: tuple[int, ...] = ()

    @property
    def subject(self) -> Subject:
        """For the permission check."""
        return Subject(path=self.path)

    def free(self, now: datetime, rules: Rulebook) -> tuple[int, ...]:
        """Weeks that can still be filled. Raises Refused when there are none."""
        if self.series.stopped_at is not None:
            raise Refused("series.stopped_already")
        today = now.astimezone(ZoneInfo(self.zone or rules.time_zone)).date()
        found = free_weeks(self.series, self.taken, today)
        if not found:
            raise Refused("series.full")
        return found


# --- actions --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BeginSeries(Action):
    """A series without lessons yet."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    unit_id: int
    title: str
    weeks: int
    first_due_on: date


@dataclass(frozen=True, slots=True)
class PutInSeries(Action):
    """A draft is for the next free week."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    series_id: int
    lesson_id: int


@dataclass(frozen=True, slots=True)
class FillSeries(Action):
    """Every week that is still free gets a draft made of a template."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    series_id: int
    template_id: int


@dataclass(frozen=True, slots=True)
class TakeFromSeries(Action):
    """It is a draft like any other again."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    lesson_id: int


@dataclass(frozen=True, slots=True)
class StopSeries(Action):
    """Nothing of it begins by itself any more. What has been assigned goes on."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    series_id: int


@dataclass(frozen=True, slots=True)
class ResumeSeries(Action):
    """One that was stopped goes on, from its next lesson on."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    series_id: int


@dataclass(frozen=True, slots=True)
class StartPlanned(Action):
    """The clock: a lesson's first day has come."""

    permission: ClassVar[str] = Permission.RUN_CLOCK
    lesson_id: int


def _event(name: str, series: Series, **data: Scalar) -> Event:
    return Event(name, "series", series.id, data, unit_id=series.unit_id)


def _planned(lesson: Lesson, series: Series, week: int) -> Lesson:
    due_on = series.due_on(week)
    return replace(lesson, series_id=series.id, series_no=week, due_on=due_on, starts_on=due_on - WEEK_BEFORE)


def begin(
    case: NewSeriesCase, action: BeginSeries, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Its first last day is not before today."""
    if not says_something(action.title):
        raise Refused("form.words_needed")
    if len(action.title) > MAX_TITLE:
        raise Refused("lesson.title_long", most=MAX_TITLE)
    if not 2 <= action.weeks <= MAX_WEEKS:
        raise Refused("series.weeks_wrong", most=MAX_WEEKS)
    check_due(action.first_due_on, now, case.zone, rules)
    series = Series(
        case.new_id, 0, actor.person_id, action.unit_id, action.title, action.weeks, action.first_due_on, now
    )
    return Decision(
        saves=(series,),
        events=(_event("lesson.series_begun", series, weeks=series.weeks),),
        notices=(Notice(ToPerson(actor.person_id), PAGE, series.id, lane=Lane.PERSON),),
        result={"series_id": series.id},
    )


def put(case: SeriesCase, action: PutInSeries, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """A draft of the same unit that is in no series, for whom the actor may assign lessons."""
    lesson = case.lesson
    if lesson is None or lesson.unit_id != case.series.unit_id:
        raise Refused(NOT_FOUND)
    if lesson.state is not LessonState.DRAFT or lesson.starts_on is not None:
        raise Refused("lesson.not_now")
    may_address(lesson.whom, case.paths, actor)
    week = case.free(now, rules)[0]
    return Decision(
        saves=(_planned(lesson, case.series, week),),
        events=(_event("lesson.series_put", case.series, lesson=lesson.id, week=week),),
        refreshes=(Refresh(CARD, lesson.id),),
    )


def fill(case: SeriesCase, action: FillSeries, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Each is a draft of its own: it can be told apart by its week, and changed before it begins."""
    template, series = case.template, case.series
    if template is None or not allowed(actor, Permission.ASSIGN_LESSON, Subject(path=case.template_path)):
        raise Refused(NOT_FOUND)
    weeks = case.free(now, rules)
    if len(weeks) > len(case.new_ids):
        raise Refused("lesson.not_now")
    lessons = []
    for week, new_id in zip(weeks, case.new_ids, strict=False):
        made = lesson_of(template, new_id, author_id=actor.person_id, now=now, due_on=series.due_on(week))
        may_address(made.whom, case.paths, actor)
        titles = {
            language: _numbered(title, week, series.weeks, language)
            for language, title in made.titles.items()
        }
        lessons.append(_planned(replace(made, unit_id=series.unit_id, titles=titles), series, week))
    return Decision(
        saves=tuple(lessons),
        events=(_event("lesson.series_filled", series, template=template.id, lessons=len(lessons)),),
        result={"lessons": len(lessons)},
    )


def _numbered(title: str, week: int, weeks: int, language: str) -> str:
    mark = f" ({week}/{weeks})" if language == "en" else f"（{week}/{weeks}）"
    return title[: MAX_TITLE - len(mark)] + mark


def take(
    case: LessonCase, action: TakeFromSeries, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """As long as it has not begun."""
    lesson = case.lesson
    if lesson.state is not LessonState.DRAFT or lesson.series_id is None:
        raise Refused("lesson.not_now")
    event = Event(
        "lesson.series_taken",
        "lesson",
        lesson.id,
        {"series": lesson.series_id, "week": lesson.series_no},
        unit_id=lesson.unit_id,
    )
    free = replace(lesson, series_id=None, series_no=0, starts_on=None)
    return Decision(saves=(free,), events=(event,), refreshes=(Refresh(CARD, lesson.id),))


def stop(case: SeriesCase, action: StopSeries, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Once; its drafts stay and may be assigned by hand."""
    if case.series.stopped_at is not None:
        raise Refused("series.stopped_already")
    return Decision(
        saves=(replace(case.series, stopped_at=now),),
        sweeps=(LetGoOfSeries(case.series.id),),
        events=(_event("lesson.series_stopped", case.series),),
    )


def resume(
    case: SeriesCase, action: ResumeSeries, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Its next lesson begins on the next first day of a week of it that has not passed, today's included, and each later one
    as many weeks after as it was to. What has gone out stays, and nothing of it goes out again."""
    series = case.series
    if series.stopped_at is None:
        raise Refused("series.goes_on_already")
    drafts = {lesson.series_no for lesson in case.drafts}
    upcoming = min(drafts, default=max(case.taken, default=0) + 1)
    if upcoming > series.weeks:
        raise Refused("series.all_out")
    for lesson in case.drafts:
        may_address(lesson.whom, case.paths, actor)
    today = now.astimezone(ZoneInfo(case.zone or rules.time_zone)).date()
    late = (today - (series.due_on(upcoming) - WEEK_BEFORE)).days
    weeks = max(0, -(-late // 7))
    going = replace(series, stopped_at=None, first_due_on=series.first_due_on + timedelta(weeks=weeks))
    return Decision(
        saves=(going, *(_planned(lesson, going, lesson.series_no) for lesson in case.drafts)),
        events=(_event("lesson.series_resumed", going, week=upcoming, later=weeks),),
    )


def start(
    case: LessonCase, action: StartPlanned, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Where it is that day already. After a long silence people have a whole week all the same."""
    lesson = case.lesson
    local = now.astimezone(ZoneInfo(case.zone or rules.time_zone))
    if lesson.state is not LessonState.DRAFT or lesson.starts_on is None or local.date() < lesson.starts_on:
        raise Refused("lesson.not_now")
    due_on = lesson.due_on if lesson.due_on >= local.date() else local.date() + WEEK_BEFORE
    begun = replace(lesson, state=LessonState.FREEZING, begun_at=now, frozen_to=0, due_on=due_on)
    event = Event("lesson.assigned", "lesson", lesson.id, {}, unit_id=lesson.unit_id)
    return Decision(saves=(begun,), events=(event,), refreshes=(Refresh(CARD, lesson.id),))


DECIDE: dict[type[Action], Callable[..., Decision]] = {
    BeginSeries: begin,
    PutInSeries: put,
    FillSeries: fill,
    TakeFromSeries: take,
    StopSeries: stop,
    ResumeSeries: resume,
    StartPlanned: start,
}

# --- what is shown --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """A series in a list. ``filled``: weeks that have a lesson."""

    id: int
    title: str
    place: Place
    weeks: int
    filled: int
    stopped: bool


@dataclass(frozen=True, slots=True)
class SeriesWeek:
    """A week of a series with its lesson."""

    week: int
    lesson_id: int
    titles: Mapping[str, str]
    state: LessonState
    due_on: date


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """A series in the eyes of who may assign its lessons. ``free``: the weeks that can still be filled."""

    series: Series
    place: Place
    weeks: tuple[SeriesWeek, ...]
    free: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft that can be put in a series."""

    id: int
    titles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ListSeries(Query):
    """Series of the units in whose name the reader may assign lessons, newest first: ``Page[SeriesLine]``."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    page: int = 1


@dataclass(frozen=True, slots=True)
class SeeSeries(Query):
    """One of them: ``SeriesFacts``."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    series_id: int


@dataclass(frozen=True, slots=True)
class ListDraftsForSeries(Query):
    """Drafts of the series' unit that are in none, newest first: ``Page[DraftLine]``."""

    permission: ClassVar[str] = Permission.ASSIGN_LESSON
    series_id: int
    page: int = 1
