"""Learning: opening the material, saying that one is through with it, answering its questions, and what that earns."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.base import NOT_FOUND, Actor, Decision, Earning, Event, Refresh, Refused
from domain.lessons import quiz
from domain.lessons.shapes import (
    CARD,
    OUT,
    SUBMIT,
    AnswerQuestion,
    Due,
    DueCase,
    FinishReading,
    Lesson,
    OpenLesson,
    PutDue,
    TryAgain,
)
from domain.rulebook import Rulebook

EARNS = "study"
"""The kind of service that learning is, in points."""
SOURCE = "lesson"
FOLLOWS = timedelta(seconds=5)
"""How far the secretary's card is behind those who study: thousands may be at it at once."""


def tries_left(lesson: Lesson, due: Due, today: date) -> int:
    """How often the questions may still be begun on this day."""
    return max(0, lesson.tries - (due.tries if due.tried_on == today else 0))


def minutes_to_wait(lesson: Lesson, due: Due, *, now: datetime, share: int) -> int:
    """Whole minutes until "done" counts: ``share`` per cent of the minutes that the material takes. 0: it does now."""
    if due.opened_at is None or due.read_at is not None:
        return 0
    ready = due.opened_at + timedelta(minutes=lesson.minutes) * share / 100
    return max(0, -((now - ready) // timedelta(minutes=1)))


def _event(name: str, case: DueCase, **data: int) -> Event:
    return Event(name, "lesson", case.lesson.id, data, unit_id=case.lesson.unit_id)


def _seen(case: DueCase) -> tuple[Refresh, ...]:
    """On the card of who assigned it, a little later."""
    return (Refresh(CARD, case.lesson.id, after=FOLLOWS),)


def _there(case: DueCase) -> tuple[Lesson, Due]:
    """The lesson and the part in it. What is done stays to be read after the lesson was taken back."""
    if case.lesson.state not in OUT and case.due.done_at is None:
        raise Refused("lesson.gone")
    return case.lesson, case.due


def open_(case: DueCase, action: OpenLesson, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """The first look counts; each further one only shows it again."""
    _, due = _there(case)
    if due.opened_at is not None:
        return Decision()
    return Decision(
        sweeps=(PutDue(replace(due, opened_at=now)),),
        events=(_event("lesson.opened", case),),
        refreshes=_seen(case),
    )


def finish_reading(
    case: DueCase, action: FinishReading, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """Not before the least time is over. With questions they begin, or go on where they stood."""
    lesson, due = _there(case)
    if due.done_at is not None:
        raise Refused("lesson.done_already")
    if due.opened_at is None:
        raise Refused("lesson.open_first")
    if minutes := minutes_to_wait(lesson, due, now=now, share=rules.study.minimum_share):
        raise Refused("lesson.too_early", count=minutes)
    read = replace(due, read_at=due.read_at or now)
    if not lesson.questions:
        return _passed(case, read, now, rules)
    if quiz.in_progress(lesson, due):
        return Decision(result={"quiz": True})
    return _begun(case, read, now, rules)


def _begun(case: DueCase, due: Due, now: datetime, rules: Rulebook) -> Decision:
    today = now.astimezone(ZoneInfo(case.zone or rules.time_zone)).date()
    if not tries_left(case.lesson, due, today):
        raise Refused("lesson.no_tries", count=case.lesson.tries)
    begun = replace(
        due,
        tries=due.tries + 1 if due.tried_on == today else 1,
        tried_on=today,
        revision=case.lesson.revision,
        step=due.step + 1,
        answers=(),
        picked=(),
        score=None,
    )
    event = _event("lesson.tried", case, number=begun.tries)
    return Decision(sweeps=(PutDue(begun),), events=(event,), result={"quiz": True})


def try_again(case: DueCase, action: TryAgain, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """After a try that did not pass, or when the questions have changed."""
    lesson, due = _there(case)
    if due.done_at is not None:
        raise Refused("lesson.done_already")
    if due.read_at is None or not lesson.questions:
        raise Refused("lesson.open_first")
    if action.step != due.step or quiz.in_progress(lesson, due):
        raise Refused("lesson.answer_stale")
    return _begun(case, due, now, rules)


def answer(
    case: DueCase, action: AnswerQuestion, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """One press at the question that is shown; any other changes nothing."""
    lesson, due = _there(case)
    if due.done_at is not None:
        raise Refused("lesson.done_already")
    if action.step != due.step or not quiz.in_progress(lesson, due):
        raise Refused("lesson.answer_stale")
    place = quiz.order(lesson, due.person_id)[len(due.answers)]
    question = lesson.quiz[place]
    if action.choice == SUBMIT and question.multiple:
        if not due.picked:
            raise Refused("lesson.pick_one")
        return _answered(case, due, due.picked, now, rules)
    if not 0 <= action.choice < len(question.options):
        raise Refused(NOT_FOUND)
    if question.multiple:
        kept = frozenset(due.picked) ^ {action.choice}
        picked = replace(due, picked=tuple(sorted(kept)), step=due.step + 1)
        # What is only marked is no answer yet: nothing has happened that a trail should tell.
        return Decision(sweeps=(PutDue(picked),))
    return _answered(case, due, (action.choice,), now, rules)


def _answered(case: DueCase, due: Due, chosen: tuple[int, ...], now: datetime, rules: Rulebook) -> Decision:
    further = replace(due, answers=(*due.answers, chosen), picked=(), step=due.step + 1)
    number = len(further.answers)
    event = _event("lesson.answered", case, number=number)
    if number < len(case.lesson.questions):
        return Decision(sweeps=(PutDue(further),), events=(event,))
    score = quiz.score(case.lesson, further)
    marked = replace(further, score=score)
    if score >= case.lesson.pass_mark:
        return _passed(case, marked, now, rules)
    failed = _event("lesson.failed", case, score=score)
    return Decision(sweeps=(PutDue(marked),), events=(event, failed))


def _passed(case: DueCase, due: Due, now: datetime, rules: Rulebook) -> Decision:
    """Once: whoever is done stays done, whatever becomes of the lesson."""
    lesson = case.lesson
    earning = Earning(
        person_id=due.person_id,
        source_kind=SOURCE,
        source_id=lesson.id,
        kind=EARNS,
        minutes=lesson.minutes,
        weight=rules.study.points_per_hour,
        factor=100,
        amount=lesson.points,
        rulebook=rules.points.version,
    )
    score = 100 if due.score is None else due.score
    return Decision(
        sweeps=(PutDue(replace(due, done_at=now)),),
        events=(_event("lesson.passed", case, score=score, points=lesson.points),),
        earnings=(earning,) if lesson.points else (),
        refreshes=_seen(case),
        result={"done": True, "points": lesson.points},
    )
