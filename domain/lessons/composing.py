"""Composing a lesson, assigning it, and what its secretary may still do about it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.addressees import Addressees, without_nested
from domain.base import (
    NOT_FOUND,
    Actor,
    Decision,
    Event,
    Notice,
    Refresh,
    Refused,
    Role,
    Scalar,
    Subject,
    ToPerson,
    says_something,
)
from domain.lanes import Lane
from domain.lessons.quiz import checked
from domain.lessons.shapes import (
    CARD,
    LANGUAGES,
    MAX_AHEAD,
    MAX_CAPTION,
    MAX_MEDIA,
    MAX_MINUTES,
    MAX_QUESTIONS,
    MAX_TEXT,
    MAX_TITLE,
    MOST_TRIES,
    OUT,
    AddressLesson,
    AssignLesson,
    BeginLesson,
    Lesson,
    LessonCase,
    LessonState,
    NewLessonCase,
    NudgeLesson,
    PutLessonText,
    PutQuestion,
    PutQuestions,
    SetDue,
    SetPassing,
    SetPoints,
    WithdrawLesson,
    stored_questions,
)
from domain.permissions import Permission, allowed
from domain.rulebook import Rulebook

MOST_POINTS = 10_000
"""Hundredths: no lesson is worth more than a hundred points."""
WEEK_BEFORE = timedelta(days=6)
"""A lesson of a series begins so long before its last day: its week ends with it."""
NUDGE_PAUSE = timedelta(hours=20)
"""Once a day, whoever presses: tomorrow morning it may be earlier than today."""


def _event(name: str, lesson: Lesson, **data: Scalar) -> Event:
    return Event(name, "lesson", lesson.id, data, unit_id=lesson.unit_id)


def _saved(lesson: Lesson, name: str, **data: Scalar) -> Decision:
    return Decision(
        saves=(lesson,), events=(_event(name, lesson, **data),), refreshes=(Refresh(CARD, lesson.id),)
    )


def _standing(case: LessonCase, *states: LessonState) -> Lesson:
    if case.lesson.state not in states:
        raise Refused("lesson.not_now")
    return case.lesson


def default_points(minutes: int, rules: Rulebook) -> int:
    """Hundredths of a point for material of so many minutes: whole points, halves up, and never rounded to nothing."""
    earned = minutes * rules.study.points_per_hour
    return max(100, (earned + 3000) // 6000 * 100) if earned else 0


def _stored(addressees: Addressees) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name in addressees.__dataclass_fields__
        if (value := getattr(addressees, name))
    }


def _check_words(title: str, html: str, length: int, media: tuple[tuple[str, str], ...]) -> None:
    if not says_something(title) or not (says_something(html) or media):
        raise Refused("form.words_needed")
    if len(title) > MAX_TITLE:
        raise Refused("lesson.title_long", most=MAX_TITLE)
    most = MAX_CAPTION if len(media) == 1 else MAX_TEXT
    if length > most:
        raise Refused("lesson.text_long", most=most, length=length)


def _check_media(media: tuple[tuple[str, str], ...]) -> None:
    """One file, or pictures and videos that Telegram shows as an album."""
    if len(media) > MAX_MEDIA:
        raise Refused("lesson.too_many_files", most=MAX_MEDIA)
    if len(media) > 1 and {kind for kind, _ in media} - {"photo", "video"}:
        raise Refused("lesson.one_file")


def check_due(due_on: date, now: datetime, zone: str, rules: Rulebook) -> None:
    today = now.astimezone(ZoneInfo(zone or rules.time_zone)).date()
    if due_on < today:
        raise Refused("lesson.due_past")
    if due_on > today + MAX_AHEAD:
        raise Refused("lesson.due_far")


def begin(
    case: NewLessonCase, action: BeginLesson, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """A draft for the members at and below the unit, without questions yet."""
    if action.language not in LANGUAGES:
        raise Refused(NOT_FOUND)
    _check_media(action.media)
    _check_words(action.title, action.html, action.length, action.media)
    if not 1 <= action.minutes <= MAX_MINUTES:
        raise Refused("form.minutes_wrong", most=MAX_MINUTES)
    check_due(action.due_on, now, "", rules)
    lesson = Lesson(
        case.new_id,
        0,
        author_id=actor.person_id,
        unit_id=action.unit_id,
        state=LessonState.DRAFT,
        created_at=now,
        due_on=action.due_on,
        titles={action.language: action.title},
        texts={action.language: action.html},
        media=action.media,
        minutes=action.minutes,
        addressees=_stored(Addressees(units=(action.unit_id,), roles=(str(Role.MEMBER),))),
        points=default_points(action.minutes, rules),
        pass_mark=rules.study.pass_mark,
        tries=rules.study.tries_a_day,
    )
    return Decision(
        saves=(lesson,),
        events=(_event("lesson.composed", lesson),),
        notices=(Notice(ToPerson(actor.person_id), CARD, lesson.id, lane=Lane.PERSON, card=True),),
        result={"lesson_id": lesson.id},
    )


def put_text(
    case: LessonCase, action: PutLessonText, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Also after it was assigned: what somebody has finished stays finished."""
    lesson = _standing(case, LessonState.DRAFT, *OUT)
    if action.language not in LANGUAGES:
        raise Refused(NOT_FOUND)
    _check_words(action.title, action.html, action.length, lesson.media)
    changed = replace(
        lesson,
        titles={**lesson.titles, action.language: action.title},
        texts={**lesson.texts, action.language: action.html},
    )
    return _saved(changed, "lesson.changed")


def set_due(case: LessonCase, action: SetDue, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """Not before today. What begins by itself begins as long before it as ever."""
    lesson = _standing(case, LessonState.DRAFT, *OUT)
    check_due(action.due_on, now, case.zone, rules)
    starts_on = action.due_on - WEEK_BEFORE if lesson.starts_on is not None else None
    return _saved(replace(lesson, due_on=action.due_on, starts_on=starts_on), "lesson.changed")


def set_points(
    case: LessonCase, action: SetPoints, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Only before anybody can earn them."""
    lesson = _standing(case, LessonState.DRAFT)
    if not 0 <= action.points <= MOST_POINTS:
        raise Refused("lesson.points_wrong", most=MOST_POINTS // 100)
    return _saved(replace(lesson, points=action.points), "lesson.changed", points=action.points)


def set_passing(
    case: LessonCase, action: SetPassing, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Only before anybody has answered by another measure."""
    lesson = _standing(case, LessonState.DRAFT)
    if not 1 <= action.pass_mark <= 100:
        raise Refused("lesson.mark_wrong")
    if not 1 <= action.tries <= MOST_TRIES:
        raise Refused("lesson.tries_wrong", most=MOST_TRIES)
    changed = replace(lesson, pass_mark=action.pass_mark, tries=action.tries)
    return _saved(changed, "lesson.changed", mark=action.pass_mark, tries=action.tries)


def put_questions(
    case: LessonCase, action: PutQuestions, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Who is in the middle of the old ones begins anew; who has passed has passed."""
    lesson = _standing(case, LessonState.DRAFT, *OUT)
    questions = (() if action.anew else lesson.quiz) + tuple(checked(one) for one in action.questions)
    if len(questions) > MAX_QUESTIONS:
        raise Refused("lesson.too_many_questions", most=MAX_QUESTIONS)
    changed = replace(lesson, questions=stored_questions(questions), revision=lesson.revision + 1)
    return _saved(changed, "lesson.changed", questions=len(questions))


def put_question(
    case: LessonCase, action: PutQuestion, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """One question, of those that were seen: other words for it, or away with it."""
    lesson = _standing(case, LessonState.DRAFT, *OUT)
    if action.revision != lesson.revision or not 0 <= action.place < len(lesson.questions):
        raise Refused("lesson.questions_moved")
    anew = () if action.question is None else (checked(action.question),)
    quiz = lesson.quiz
    questions = (*quiz[: action.place], *anew, *quiz[action.place + 1 :])
    changed = replace(lesson, questions=stored_questions(questions), revision=lesson.revision + 1)
    return _saved(changed, "lesson.changed", questions=len(questions))


def address(
    case: LessonCase, action: AddressLesson, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Only units that the secretary's authority covers; any may be left out."""
    lesson = _standing(case, LessonState.DRAFT)
    may_address(action.addressees, case.paths, actor)
    _check_codes(action.addressees, lesson.whom, rules)
    decision = _saved(
        replace(lesson, addressees=_stored(without_nested(action.addressees, case.paths))), "lesson.changed"
    )
    # It is chosen on a screen that stands in the card's place until the secretary goes back.
    return replace(decision, refreshes=())


def may_address(wanted: Addressees, paths: Mapping[int, str], actor: Actor) -> None:
    """Raises Refused unless it is for units only that the actor's authority covers. ``paths``: of open units, by id."""
    if not wanted.units:
        raise Refused("lesson.to_nobody")
    for unit_id in wanted.units:
        if not allowed(actor, Permission.ASSIGN_LESSON, Subject(path=paths.get(unit_id, ""))):
            raise Refused(NOT_FOUND)


def _check_codes(wanted: Addressees, before: Addressees, rules: Rulebook) -> None:
    """What was chosen before its code left the rulebook may stay."""
    for code in set(wanted.skills) - set(before.skills):
        if rules.skill(code) is None:
            raise Refused(NOT_FOUND)
    for code in set(wanted.tags) - set(before.tags):
        if rules.tag(code) is None:
            raise Refused(NOT_FOUND)


def assign(
    case: LessonCase, action: AssignLesson, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """As it was seen; its people are written down from now on, in the steps of the clock."""
    lesson = _standing(case, LessonState.DRAFT)
    if action.version != lesson.version:
        raise Refused("lesson.changed_meanwhile")
    check_due(lesson.due_on, now, case.zone, rules)
    may_address(lesson.whom, case.paths, actor)
    if not case.somebody:
        raise Refused("lesson.to_nobody")
    return _saved(replace(lesson, state=LessonState.FREEZING, begun_at=now, frozen_to=0), "lesson.assigned")


def withdraw(
    case: LessonCase, action: WithdrawLesson, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """A draft is given up; what is out is taken back from whoever has not done it."""
    lesson = _standing(case, LessonState.DRAFT, *OUT)
    if lesson.state is LessonState.DRAFT:
        return _saved(replace(lesson, state=LessonState.DROPPED), "lesson.dropped")
    return _saved(replace(lesson, state=LessonState.WITHDRAWN), "lesson.withdrawn")


def nudge(case: LessonCase, action: NudgeLesson, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """At most once a day, whoever asks. They are walked through anew, by the clock."""
    lesson = _standing(case, LessonState.OPEN)
    if lesson.nudged_at is not None and now < lesson.nudged_at + NUDGE_PAUSE:
        raise Refused("lesson.nudged")
    return _saved(replace(lesson, state=LessonState.SENDING, nudged_at=now, sent_to=0), "lesson.nudged")
