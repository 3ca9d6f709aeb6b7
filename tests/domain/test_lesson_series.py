"""Series as rules: which week a lesson is for, when it begins, what a template fills, and whose word counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.base import NOT_FOUND, Actor, Decision, Held, Refused, Role
from domain.lessons import series
from domain.lessons.composing import set_due
from domain.lessons.series import (
    BeginSeries,
    FillSeries,
    LetGoOfSeries,
    NewSeriesCase,
    PutInSeries,
    ResumeSeries,
    Series,
    SeriesCase,
    StartPlanned,
    StopSeries,
    TakeFromSeries,
    free_weeks,
)
from domain.lessons.shapes import Lesson, LessonCase, LessonState, SetDue
from domain.lessons.templates import COMPOSED, KeepCase, KeepLesson, LessonTemplate, keep, lesson_of
from domain.rulebook import Rulebook

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
RULES = Rulebook()
ME = Actor(7, held=(Held(Role.SECRETARY, 1, "1."),))
ELSEWHERE = Actor(8, held=(Held(Role.SECRETARY, 2, "2."),))
SERIES = Series(5, 1, 7, 1, "党章三讲", 3, date(2026, 3, 9), NOW)
DRAFT = Lesson(
    1, 3, 7, 1, LessonState.DRAFT, NOW, date(2026, 6, 1), {"zh": "党章", "en": "x" * 60}, {"zh": "第一章"},
    media=(("photo", "f"),), minutes=20, addressees={"units": [1], "roles": ["member"]}, points=200,
    pass_mark=80, tries=2,
)  # fmt: skip
CASE = SeriesCase(SERIES, "1.", lesson=DRAFT, paths={1: "1."})


def only(decision: Decision) -> Lesson:
    """The one lesson that a decision saves."""
    (saved,) = decision.saves
    assert isinstance(saved, Lesson)
    return saved


def put(case: SeriesCase, *, actor: Actor = ME, now: datetime = NOW) -> Lesson:
    return only(series.put(case, PutInSeries(5, 1), actor=actor, now=now, rules=RULES))


def test_a_draft_is_for_the_next_free_week_and_begins_a_week_before_its_last_day() -> None:
    first = put(CASE)
    assert (first.series_id, first.series_no, first.due_on, first.starts_on) == (
        5,
        1,
        date(2026, 3, 9),
        date(2026, 3, 3),
    )
    assert put(replace(CASE, taken=frozenset({1, 3}))).series_no == 2
    # A week that is over is not filled any more.
    assert put(CASE, now=NOW + timedelta(days=8)).series_no == 2


@pytest.mark.parametrize(
    ("case", "key"),
    [
        (replace(CASE, taken=frozenset({1, 2, 3})), "series.full"),
        (replace(CASE, series=replace(SERIES, stopped_at=NOW)), "series.stopped_already"),
        (replace(CASE, lesson=None), NOT_FOUND),
        (replace(CASE, lesson=replace(DRAFT, unit_id=2)), NOT_FOUND),
        (replace(CASE, lesson=replace(DRAFT, state=LessonState.OPEN)), "lesson.not_now"),
        (replace(CASE, lesson=replace(DRAFT, starts_on=date(2026, 3, 3))), "lesson.not_now"),
        (replace(CASE, paths={1: "2."}), NOT_FOUND),
        (replace(CASE, paths={}), NOT_FOUND),
    ],
)
def test_what_cannot_be_put_in_a_series_is_refused(case: SeriesCase, key: str) -> None:
    with pytest.raises(Refused) as refused:
        put(case)
    assert refused.value.key == key


def test_a_template_fills_every_free_week_with_a_lesson_of_its_own() -> None:
    kept = keep(KeepCase(DRAFT, "1.", 4), KeepLesson(1, " 党课  模板 "), actor=ME, now=NOW, rules=RULES)
    (template,) = kept.saves
    assert isinstance(template, LessonTemplate)
    assert (template.name, set(template.composed)) == ("党课 模板", set(COMPOSED))
    case = replace(CASE, template=template, template_path="1.", taken=frozenset({2}), new_ids=(11, 12))
    made = series.fill(case, FillSeries(5, 4), actor=ME, now=NOW, rules=RULES).saves
    assert [(one.id, one.series_no, one.due_on) for one in made if isinstance(one, Lesson)] == [
        (11, 1, date(2026, 3, 9)),
        (12, 3, date(2026, 3, 23)),
    ]
    last = made[1]
    assert isinstance(last, Lesson)
    assert (last.titles["zh"], len(last.titles["en"])) == ("党章（3/3）", 60)
    assert all(getattr(last, name) == getattr(DRAFT, name) for name in COMPOSED if name != "titles")
    for other, actor in ((replace(case, template_path="2."), ME), (case, ELSEWHERE)):
        with pytest.raises(Refused) as refused:
            series.fill(other, FillSeries(5, 4), actor=actor, now=NOW, rules=RULES)
        assert refused.value.key == NOT_FOUND


def test_a_lesson_made_of_a_template_is_as_the_one_it_was_kept_of() -> None:
    (template,) = keep(KeepCase(DRAFT, "1.", 4), KeepLesson(1, "模板"), actor=ME, now=NOW, rules=RULES).saves
    assert isinstance(template, LessonTemplate)
    made = lesson_of(template, 9, author_id=7, now=NOW, due_on=DRAFT.due_on)
    assert made == replace(DRAFT, id=9, version=0)


def test_a_lesson_begins_on_its_day_by_the_clock_of_its_unit_and_once() -> None:
    planned = put(CASE)

    def start(lesson: Lesson, now: datetime) -> Lesson:
        return only(series.start(LessonCase(lesson, "1."), StartPlanned(1), actor=ME, now=now, rules=RULES))

    for lesson, now in (
        (planned, NOW),
        (planned, datetime(2026, 3, 2, 15, 59, tzinfo=UTC)),
        (replace(planned, starts_on=None), NOW + timedelta(days=9)),
        (replace(planned, state=LessonState.OPEN), NOW + timedelta(days=1)),
    ):
        with pytest.raises(Refused, match="not_now"):
            start(lesson, now)
    begun = start(planned, datetime(2026, 3, 2, 16, 0, tzinfo=UTC))
    assert (begun.state, begun.due_on) == (LessonState.FREEZING, date(2026, 3, 9))
    # After weeks of silence there is a week for it all the same.
    assert start(planned, datetime(2026, 4, 1, 4, 0, tzinfo=UTC)).due_on == date(2026, 4, 7)


def test_another_last_day_is_another_first_one() -> None:
    case = LessonCase(put(CASE), "1.")
    moved = only(set_due(case, SetDue(1, date(2026, 3, 20)), actor=ME, now=NOW, rules=RULES))
    assert moved.starts_on == date(2026, 3, 14)


def test_what_is_taken_out_is_a_draft_like_any_other_and_its_week_is_free() -> None:
    planned = put(CASE)
    taken = series.take(LessonCase(planned, "1."), TakeFromSeries(1), actor=ME, now=NOW, rules=RULES)
    assert only(taken) == replace(planned, series_id=None, series_no=0, starts_on=None)
    for lesson in (DRAFT, replace(planned, state=LessonState.OPEN)):
        with pytest.raises(Refused, match="not_now"):
            series.take(LessonCase(lesson, "1."), TakeFromSeries(1), actor=ME, now=NOW, rules=RULES)


def test_a_series_is_stopped_once_and_has_no_free_week_afterwards() -> None:
    stopped = series.stop(CASE, StopSeries(5), actor=ME, now=NOW, rules=RULES)
    assert stopped.sweeps == (LetGoOfSeries(5),)
    (after,) = stopped.saves
    assert isinstance(after, Series)
    assert free_weeks(after, frozenset(), date(2026, 3, 2)) == ()
    with pytest.raises(Refused, match="stopped_already"):
        series.stop(replace(CASE, series=after), StopSeries(5), actor=ME, now=NOW, rules=RULES)


STOPPED = replace(SERIES, stopped_at=NOW)


def resumed(
    now: datetime, *, drafts: tuple[int, ...], taken: frozenset[int], actor: Actor = ME
) -> tuple[Series, list[tuple[int, date, date | None]]]:
    """The series, and its lessons as (week, last day, first day)."""
    waiting = tuple(replace(DRAFT, id=week, series_id=5, series_no=week) for week in drafts)
    case = replace(CASE, series=STOPPED, drafts=waiting, taken=taken | set(drafts))
    going, *lessons = series.resume(case, ResumeSeries(5), actor=actor, now=now, rules=RULES).saves
    assert isinstance(going, Series)
    return going, [(one.series_no, one.due_on, one.starts_on) for one in lessons if isinstance(one, Lesson)]


def test_a_series_that_is_taken_up_again_goes_on_with_its_next_lesson_in_its_next_week() -> None:
    # Its weeks begin on Tuesdays. What is still ahead begins as it was to.
    going, weeks = resumed(NOW, drafts=(2, 3), taken=frozenset({1}))
    assert (going.stopped_at, going.first_due_on) == (None, SERIES.first_due_on)
    assert weeks == [
        (2, date(2026, 3, 16), date(2026, 3, 10)),
        (3, date(2026, 3, 23), date(2026, 3, 17)),
    ]
    # On the very day it begins today, and a day later a week later; the first was out and stays so.
    tuesday = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
    assert resumed(tuesday, drafts=(2, 3), taken=frozenset({1}))[1] == weeks
    week = timedelta(days=7)
    for later in (1, 7):
        going, late = resumed(tuesday + timedelta(days=later), drafts=(2, 3), taken=frozenset({1}))
        assert [(no, due - week, begins - week if begins else None) for no, due, begins in late] == weeks
        assert free_weeks(going, frozenset({1, 2}), date(2026, 3, 17)) == (3,)
    # Without any draft the weeks after what is out are free again.
    going, none = resumed(tuesday + 6 * week, drafts=(), taken=frozenset({1}))
    assert (none, free_weeks(going, frozenset({1}), date(2026, 4, 21))) == ([], (2, 3))


def test_what_goes_on_what_is_all_out_and_what_is_for_others_is_not_taken_up_again() -> None:
    with pytest.raises(Refused, match="goes_on_already"):
        series.resume(CASE, ResumeSeries(5), actor=ME, now=NOW, rules=RULES)
    with pytest.raises(Refused, match="all_out"):
        resumed(NOW, drafts=(), taken=frozenset({1, 2, 3}))
    with pytest.raises(Refused, match=NOT_FOUND):
        resumed(NOW, drafts=(2,), taken=frozenset({1}), actor=ELSEWHERE)


@pytest.mark.parametrize(
    ("title", "weeks", "due_on", "key"),
    [
        ("　", 3, date(2026, 3, 9), "form.words_needed"),
        ("讲" * 61, 3, date(2026, 3, 9), "lesson.title_long"),
        ("讲", 1, date(2026, 3, 9), "series.weeks_wrong"),
        ("讲", 53, date(2026, 3, 9), "series.weeks_wrong"),
        ("讲", 3, date(2026, 3, 1), "lesson.due_past"),
        ("讲", 3, date(2028, 3, 1), "lesson.due_far"),
    ],
)
def test_a_series_has_a_title_weeks_and_a_first_day(title: str, weeks: int, due_on: date, key: str) -> None:
    with pytest.raises(Refused) as refused:
        series.begin(
            NewSeriesCase(5, "1."), BeginSeries(1, title, weeks, due_on), actor=ME, now=NOW, rules=RULES
        )
    assert refused.value.key == key
