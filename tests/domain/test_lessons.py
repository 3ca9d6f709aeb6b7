"""Lessons as rules: when "done" counts, questions in each person's order, what passes, what a change leaves standing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.addressees import Addressees
from domain.base import NOT_FOUND, Actor, Decision, Held, Refused, Role
from domain.lessons import composing, learning, quiz
from domain.lessons.shapes import (
    SUBMIT,
    AddressLesson,
    AnswerQuestion,
    AssignLesson,
    BeginLesson,
    Due,
    DueCase,
    FinishReading,
    Lesson,
    LessonCase,
    LessonState,
    NewLessonCase,
    NudgeLesson,
    OpenLesson,
    PutDue,
    PutQuestion,
    PutQuestions,
    Question,
    SetDue,
    SetPassing,
    TryAgain,
    stored_questions,
)
from domain.rulebook import Rulebook

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
RULES = Rulebook()
ME = Actor(7, held=(Held(Role.SECRETARY, 1, "1."),))
QUIZ = (
    Question("几岁？", ("16", "18", "20"), (1,), "见第一条"),
    Question("哪些是义务？", ("学习", "服务", "缴费"), (0, 1)),
    Question("每月一次？", ("对", "错"), (0,)),
)
LESSON = Lesson(
    1, 3, 7, 1, LessonState.OPEN, NOW, date(2026, 3, 9), {"zh": "党章"}, {"zh": "第一章"}, minutes=20,
    addressees={"units": [1], "roles": ["member"]}, points=200, questions=stored_questions(QUIZ),
)  # fmt: skip
OPENED = Due(1, 9, opened_at=NOW - timedelta(hours=1))


def after(decision: Decision, due: Due) -> Due:
    """A person's part as a decision leaves it."""
    return next((sweep.due for sweep in decision.sweeps if isinstance(sweep, PutDue)), due)


def begun(lesson: Lesson = LESSON, due: Due = OPENED, now: datetime = NOW) -> Due:
    """At the first question."""
    case = DueCase(lesson, due)
    return after(learning.finish_reading(case, FinishReading(1), actor=ME, now=now, rules=RULES), due)


def press(lesson: Lesson, due: Due, choice: int, step: int | None = None) -> Decision:
    """One press at the question that is shown."""
    action = AnswerQuestion(1, due.step if step is None else step, choice)
    return learning.answer(DueCase(lesson, due), action, actor=ME, now=NOW, rules=RULES)


def answered(lesson: Lesson, due: Due, *, right: bool) -> tuple[Decision, Due]:
    """Every question, right or wrong."""
    decision = Decision()
    for place in quiz.order(lesson, due.person_id):
        question = lesson.quiz[place]
        wrong = tuple(n for n in range(len(question.options)) if n not in question.right)[:1]
        for choice in question.right if right else wrong:
            decision = press(lesson, due, choice)
            due = after(decision, due)
        if question.multiple:
            decision = press(lesson, due, SUBMIT)
            due = after(decision, due)
    return decision, due


def test_done_does_not_count_before_the_least_time_and_says_how_long() -> None:
    case = DueCase(LESSON, replace(OPENED, opened_at=NOW))
    for minutes, left in ((0, 10), (7, 3), (9.5, 1)):
        now = NOW + timedelta(minutes=minutes)
        with pytest.raises(Refused) as refused:
            learning.finish_reading(case, FinishReading(1), actor=ME, now=now, rules=RULES)
        assert (refused.value.key, refused.value.params) == ("lesson.too_early", {"count": left})
    assert begun(due=case.due, now=NOW + timedelta(minutes=10)).tries == 1


def test_time_begins_at_the_first_look() -> None:
    case = DueCase(LESSON, Due(1, 9))
    first = after(learning.open_(case, OpenLesson(1), actor=ME, now=NOW, rules=RULES), case.due)
    later = NOW + timedelta(days=1)
    assert (
        learning.open_(replace(case, due=first), OpenLesson(1), actor=ME, now=later, rules=RULES)
        == Decision()
    )
    with pytest.raises(Refused, match="open_first"):
        learning.finish_reading(case, FinishReading(1), actor=ME, now=NOW, rules=RULES)


def test_without_questions_the_material_is_enough_and_earns_once() -> None:
    lesson = replace(LESSON, questions=())
    decision = learning.finish_reading(
        DueCase(lesson, OPENED), FinishReading(1), actor=ME, now=NOW, rules=RULES
    )
    (earning,) = decision.earnings
    assert (earning.source_kind, earning.source_id, earning.kind, earning.amount) == (
        "lesson",
        1,
        "study",
        200,
    )
    done = after(decision, OPENED)
    with pytest.raises(Refused, match="done_already"):
        learning.finish_reading(DueCase(lesson, done), FinishReading(1), actor=ME, now=NOW, rules=RULES)


def test_all_right_passes_and_all_wrong_does_not() -> None:
    decision, due = answered(LESSON, begun(), right=True)
    assert (due.score, due.done_at, len(decision.earnings)) == (100, NOW, 1)
    decision, due = answered(LESSON, begun(), right=False)
    assert (due.score, due.done_at, decision.earnings) == (0, None, ())


def test_tries_are_counted_by_the_day() -> None:
    due = begun()
    for _ in range(LESSON.tries - 1):
        _, due = answered(LESSON, due, right=False)
        again = TryAgain(1, due.step)
        due = after(learning.try_again(DueCase(LESSON, due), again, actor=ME, now=NOW, rules=RULES), due)
    _, due = answered(LESSON, due, right=False)
    with pytest.raises(Refused, match="no_tries"):
        learning.try_again(DueCase(LESSON, due), TryAgain(1, due.step), actor=ME, now=NOW, rules=RULES)
    tomorrow = NOW + timedelta(days=1)
    case = DueCase(LESSON, due)
    assert (
        after(learning.try_again(case, TryAgain(1, due.step), actor=ME, now=tomorrow, rules=RULES), due).tries
        == 1
    )


def test_two_answers_at_once_and_forged_ones_change_nothing() -> None:
    due = begun()
    place = quiz.order(LESSON, 9)[0]
    if LESSON.quiz[place].multiple:
        with pytest.raises(Refused, match="pick_one"):
            press(LESSON, due, SUBMIT)
    further = after(press(LESSON, due, 0), due)
    with pytest.raises(Refused, match="answer_stale"):
        press(LESSON, further, 1, step=due.step)
    for forged in (99, len(LESSON.quiz[quiz.order(LESSON, 9)[len(further.answers)]].options), -2):
        with pytest.raises(Refused) as refused:
            press(LESSON, further, forged)
        assert refused.value.key == NOT_FOUND


def test_the_order_is_each_person_s_own_and_always_the_same() -> None:
    many = replace(LESSON, questions=stored_questions(QUIZ * 4))
    orders = {quiz.order(many, person) for person in range(20)}
    assert len(orders) > 10
    assert quiz.order(many, 3) == quiz.order(many, 3)
    assert all(sorted(one) == list(range(12)) for one in orders)
    assert {quiz.options_order(LESSON, person, 0) for person in range(20)} != {(0, 1, 2)}
    assert {quiz.options_order(LESSON, person, 2) for person in range(20)} == {(0, 1)}


def test_what_is_shown_never_tells_the_right_answer_of_an_open_question() -> None:
    shown = quiz.shown(LESSON, begun(), tries_left=2)
    assert shown.feedback is None
    due = begun()
    _, over = answered(LESSON, due, right=False)
    last = quiz.shown(LESSON, over, tries_left=2)
    assert last.feedback is not None
    assert not last.feedback.right
    assert (last.number, last.score) == (0, 0)


def test_new_questions_send_who_is_answering_to_the_beginning_and_leave_who_has_passed() -> None:
    _, passed = answered(LESSON, begun(), right=True)
    halfway = after(press(LESSON, begun(), 0), begun())
    case = LessonCase(LESSON, "1.")
    (changed,) = composing.put_questions(
        case, PutQuestions(1, QUIZ[:1], anew=True), actor=ME, now=NOW, rules=RULES
    ).saves
    assert isinstance(changed, Lesson)
    with pytest.raises(Refused, match="answer_stale"):
        press(changed, halfway, 0)
    assert quiz.shown(changed, halfway, tries_left=2).changed
    assert quiz.shown(changed, passed, tries_left=2).done
    again = learning.try_again(
        DueCase(changed, halfway), TryAgain(1, halfway.step), actor=ME, now=NOW, rules=RULES
    )
    assert after(again, halfway).answers == ()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "lesson.question_empty"),
        ("只有题目", "lesson.options_wrong"),
        ("题\n甲\n乙", "lesson.no_right"),
        ("题\n*甲\n*乙", "lesson.all_right"),
        ("题\n*甲\n甲", "lesson.option_twice"),
        ("题\n*" + "长" * 121 + "\n乙", "lesson.option_long"),
        ("题" * 301 + "\n*甲\n乙", "lesson.question_long"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_with_the_reason(text: str, key: str) -> None:
    with pytest.raises(Refused) as refused:
        quiz.question_of(text)
    assert refused.value.key == key


def test_a_line_of_a_sheet_names_the_right_ones_by_their_letters() -> None:
    assert quiz.question_of_cells("题", ("甲", "乙", "丙", ""), "a、C", "").right == (0, 2)
    for options, answer, key in (
        (("甲", "", "丙"), "A", "lesson.option_gap"),
        (("甲", "乙"), "C", "lesson.no_right"),
        (("甲", "乙"), "", "lesson.no_right"),
        (("甲", "乙"), "对", "lesson.no_right"),
    ):
        with pytest.raises(Refused) as refused:
            quiz.question_of_cells("题", options, answer, "")
        assert refused.value.key == key


def test_a_lesson_cannot_be_due_before_it_begins() -> None:
    begin = BeginLesson(1, "zh", "党章", "第一章", 3, (), 20, date(2026, 3, 1))
    with pytest.raises(Refused, match="due_past"):
        composing.begin(NewLessonCase(1, "1."), begin, actor=ME, now=NOW, rules=RULES)
    with pytest.raises(Refused, match="due_past"):
        composing.set_due(
            LessonCase(LESSON, "1."), SetDue(1, date(2026, 3, 1)), actor=ME, now=NOW, rules=RULES
        )
    # In the evening of UTC it is tomorrow already where the community is.
    evening = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
    with pytest.raises(Refused, match="due_past"):
        composing.set_due(
            LessonCase(LESSON, "1."), SetDue(1, date(2026, 3, 2)), actor=ME, now=evening, rules=RULES
        )


def test_it_is_assigned_as_it_was_seen_and_to_somebody() -> None:
    draft = replace(LESSON, state=LessonState.DRAFT)
    case = LessonCase(draft, "1.", paths={1: "1."}, somebody=True)
    assigned = composing.assign(case, AssignLesson(1, 3), actor=ME, now=NOW, rules=RULES).saves[0]
    assert isinstance(assigned, Lesson)
    assert assigned.state is LessonState.FREEZING
    for other, version, key in (
        (case, 2, "lesson.changed_meanwhile"),
        (replace(case, somebody=False), 3, "lesson.to_nobody"),
        (replace(case, paths={1: "2."}), 3, NOT_FOUND),
        (replace(case, lesson=LESSON), 3, "lesson.not_now"),
    ):
        with pytest.raises(Refused) as refused:
            composing.assign(other, AssignLesson(1, version), actor=ME, now=NOW, rules=RULES)
        assert refused.value.key == key


def test_everybody_is_nudged_at_most_once_a_day() -> None:
    (nudged,) = composing.nudge(
        LessonCase(LESSON, "1."), NudgeLesson(1), actor=ME, now=NOW, rules=RULES
    ).saves
    assert isinstance(nudged, Lesson)
    again = LessonCase(replace(nudged, state=LessonState.OPEN), "1.")
    with pytest.raises(Refused, match="nudged"):
        composing.nudge(again, NudgeLesson(1), actor=ME, now=NOW + timedelta(hours=8), rules=RULES)
    assert composing.nudge(again, NudgeLesson(1), actor=ME, now=NOW + timedelta(days=1), rules=RULES).saves


def test_pass_mark_and_tries_are_set_before_it_is_assigned() -> None:
    draft = LessonCase(replace(LESSON, state=LessonState.DRAFT), "1.")

    def put(case: LessonCase, mark: int, tries: int) -> Lesson:
        action = SetPassing(1, mark, tries)
        (saved,) = composing.set_passing(case, action, actor=ME, now=NOW, rules=RULES).saves
        assert isinstance(saved, Lesson)
        return saved

    stricter = put(draft, 100, 1)
    assert (stricter.pass_mark, stricter.tries) == (100, 1)
    for case, mark, tries, key in (
        (draft, 0, 1, "lesson.mark_wrong"),
        (draft, 101, 1, "lesson.mark_wrong"),
        (draft, 60, 0, "lesson.tries_wrong"),
        (draft, 60, 21, "lesson.tries_wrong"),
        (LessonCase(LESSON, "1."), 60, 3, "lesson.not_now"),
    ):
        with pytest.raises(Refused) as refused:
            put(case, mark, tries)
        assert refused.value.key == key


def test_a_lesson_carries_one_file_or_an_album() -> None:
    def begun_with(*kinds: str) -> Lesson:
        media = tuple((kind, f"f{n}") for n, kind in enumerate(kinds))
        begin = BeginLesson(1, "zh", "党章", "第一章", 3, media, 20, date(2026, 3, 9))
        (saved,) = composing.begin(NewLessonCase(1, "1."), begin, actor=ME, now=NOW, rules=RULES).saves
        assert isinstance(saved, Lesson)
        return saved

    assert len(begun_with("photo", "video", "photo").media) == 3
    assert len(begun_with("document").media) == 1
    for kinds, key in (
        (("document", "photo"), "lesson.one_file"),
        (("photo",) * 11, "lesson.too_many_files"),
    ):
        with pytest.raises(Refused) as refused:
            begun_with(*kinds)
        assert refused.value.key == key


def test_it_is_for_skills_and_tags_that_there_are() -> None:
    case = LessonCase(replace(LESSON, state=LessonState.DRAFT), "1.", paths={1: "1."})
    for wanted, key in (
        (Addressees(units=(1,), roles=("member",), skills=("medical",), tags=("volunteer_core",)), ""),
        (Addressees(units=(1,), skills=("nonsense",)), NOT_FOUND),
        (Addressees(units=(1,), tags=("nonsense",)), NOT_FOUND),
    ):
        if not key:
            assert composing.address(case, AddressLesson(1, wanted), actor=ME, now=NOW, rules=RULES).saves
            continue
        with pytest.raises(Refused) as refused:
            composing.address(case, AddressLesson(1, wanted), actor=ME, now=NOW, rules=RULES)
        assert refused.value.key == key


def put(place: int, question: Question | None, revision: int = LESSON.revision) -> Decision:
    """One question of the lesson in place of another."""
    action = PutQuestion(1, revision, place, question)
    return composing.put_question(LessonCase(LESSON, "1."), action, actor=ME, now=NOW, rules=RULES)


def test_one_question_is_put_right_or_taken_out_and_the_others_stand() -> None:
    other = Question("多少岁？", ("17", "18"), (1,))
    for question, expected in ((other, (QUIZ[0], other, QUIZ[2])), (None, (QUIZ[0], QUIZ[2]))):
        (saved,) = put(1, question).saves
        assert isinstance(saved, Lesson)
        assert (saved.quiz, saved.revision) == (expected, LESSON.revision + 1)


@pytest.mark.parametrize(("place", "revision"), [(3, LESSON.revision), (-1, LESSON.revision), (0, 0)])
def test_a_question_that_is_not_there_as_it_was_seen_is_left_alone(place: int, revision: int) -> None:
    with pytest.raises(Refused, match="questions_moved"):
        put(place, None, revision)


def test_a_question_as_it_is_typed_is_read_as_the_same() -> None:
    assert [quiz.question_of(quiz.typed(one)) for one in QUIZ] == list(QUIZ)


def test_a_new_lesson_is_worth_whole_points_and_never_none() -> None:
    worth = {minutes: composing.default_points(minutes, RULES) for minutes in (1, 10, 20, 22, 23, 60, 600)}
    assert worth == {1: 100, 10: 100, 20: 100, 22: 100, 23: 200, 60: 400, 600: 4000}
    nothing = replace(RULES, study=replace(RULES.study, points_per_hour=0))
    assert composing.default_points(60, nothing) == 0


def test_the_card_follows_the_first_look_and_the_end_a_little_later() -> None:
    first = learning.open_(DueCase(LESSON, Due(1, 9)), OpenLesson(1), actor=ME, now=NOW, rules=RULES)
    last, _ = answered(LESSON, begun(), right=True)
    for decision in (first, last):
        assert [(one.subject_id, one.after) for one in decision.refreshes] == [(1, learning.FOLLOWS)]
    again = learning.open_(DueCase(LESSON, OPENED), OpenLesson(1), actor=ME, now=NOW, rules=RULES)
    assert again.refreshes == ()
