"""Every kind of message and every screen, in both languages, at its longest and nastiest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from domain.base import OLDER_COPY, Actor
from domain.calendars import WorkingCalendar
from domain.checkins.shapes import CheckinState
from domain.desk import DeskCounts
from domain.imports import ImportState
from domain.lessons.series import DraftLine, SeriesLine
from domain.lessons.shapes import LessonState
from domain.lessons.shown import (
    AssignedLine,
    Learner,
    LearnerPage,
    MyLesson,
    MyStudy,
)
from domain.lessons.templates import LessonTemplateLine
from domain.notices.shapes import NoticeState
from domain.notices.shown import (
    CallList,
    Meant,
    MeantPage,
    NoticeCard,
    NoticeCopy,
    NoticeLine,
    ReceivedPage,
    Report,
    UnitFares,
)
from domain.pairings import VisitState
from domain.queries import (
    Contents,
    DeskRow,
    Page,
    PairRow,
    PersonRow,
    Place,
    PointRow,
    PointsFacts,
    RequestRow,
    TaskRow,
    UnitLevel,
)
from domain.requests import RequestState
from domain.spare_time import SLOTS
from domain.tasks import ClaimState, TaskState
from domain.templates import Beginnings, TemplateLine
from domain.threads import ThreadLine, ThreadWords
from domain.unit_pages import GAPS, Consequences, Gap, UnitList
from domain.units import Below
from storage.facts import FACTS
from tests.views.samples import (
    ALARM,
    BIG,
    CHECKIN,
    DESK,
    IMPORT,
    LESSON,
    LESSON_CARD,
    LESSON_MINE,
    LESSON_QUIZ,
    LEVEL,
    NAME,
    NASTY,
    NOTICE,
    NOTICE_CARD,
    NOTICE_COPY,
    NOW,
    PART,
    PHOTO,
    PLACE,
    REQUEST,
    RULES,
    SAMPLES,
    SERIES,
    TASK,
    TEXTS,
    THREAD,
    TITLES,
    UNIT_CARD,
    UNIT_LINE,
    VISIT,
    check,
    data_of,
    shown,
    voice,
)
from views import (
    alarms,
    checkins,
    desk,
    forms,
    lesson_audience,
    lesson_desk,
    lesson_questions,
    lesson_series,
    lesson_templates,
    lesson_years,
    lessons,
    notice_audience,
    notice_lists,
    notice_readers,
    notice_terms,
    notices,
    pairings,
    people,
    points,
    requests,
    tasks,
    templates,
    threads,
    units,
)
from views.catalogue import LANGUAGES
from views.forms import Prompt
from views.kinds import KINDS, render, said
from views.message import Message, OnUnknown, Reader
from views.voice import Voice


def test_every_kind_has_a_sample_here() -> None:
    assert set(SAMPLES) == set(KINDS)


def test_kinds_with_facts_are_those_that_are_loaded() -> None:
    assert {kind for kind, row in KINDS.items() if row.facts} == set(FACTS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", SAMPLES)
def test_every_kind_can_be_sent_at_its_longest(kind: str, language: str) -> None:
    check(shown(kind, *SAMPLES[kind], language=language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [kind for kind, row in KINDS.items() if row.facts])
def test_an_older_copy_says_where_to_go_and_has_no_button(kind: str, language: str) -> None:
    params, facts = SAMPLES[kind]
    message = shown(kind, {**params, OLDER_COPY: True}, facts, language)
    check(message)
    assert message.text.startswith(TEXTS.say(language, "card.older_copy"))
    assert message.keyboard == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_cards_can_be_sent_in_every_state(language: str) -> None:
    for state in RequestState:
        check(shown("request.card", {}, replace(REQUEST, state=state), language))
        check(shown("desk.card", {}, replace(DESK, state=state), language))
    for mine in (None, *ClaimState):
        for task_state in TaskState:
            check(shown("task.card", {}, replace(TASK, mine=mine, state=task_state), language))
    for checkin_state in CheckinState:
        for serving in (True, False):
            stands = replace(CHECKIN, state=checkin_state, serving=serving, skills=(), free=())
            for kind in ("checkin.card", "checkin.mine", "checkin.returned"):
                check(shown(kind, {}, stands, language))
    check(shown("task.card", {}, replace(TASK, request_id=None, kind="visit", due_on=NOW.date()), language))
    check(
        shown(
            "visit.confirm", {}, replace(VISIT, state=VisitState.CONFIRMED, stars=4, may_rate=False), language
        )
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_can_be_shown_in_every_state(language: str) -> None:
    for state in NoticeState:
        stands = replace(NOTICE_CARD, notice=replace(NOTICE, state=state))
        for kind in ("notice.card", "notice.second"):
            check(shown(kind, {}, stands, language))
    bare = replace(
        NOTICE, state=NoticeState.DRAFT, texts={"en": "x"}, media=(), answerable=False, send_at=None
    )
    for kind in ("notice.card", "notice.second", "notice.whom"):
        check(shown(kind, {}, NoticeCard(bare, PLACE, NAME, (PLACE,), count=1), language))
    for copy in (
        NoticeCopy(bare, PLACE),
        NoticeCopy(bare, PLACE, late=True),
        NoticeCopy(replace(bare, wants_read=False), PLACE, preview=True),
    ):
        check(shown("notice.copy", {}, copy, language))
    check(shown("notice.group", {}, NoticeCopy(replace(bare, state=NoticeState.WITHDRAWN), PLACE), language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_screens_of_notices_can_be_sent_at_their_longest(language: str) -> None:
    speaks = voice(language)
    lines = tuple(
        NoticeLine(
            BIG - number,
            NoticeState.SENT,
            NASTY * 90,
            PLACE,
            NOW,
            read=bool(number),
            fares=NOTICE_CARD.fares,
            kind="works",
            until=NOW + timedelta(days=number),
        )
        for number in range(8)
    )
    people = tuple(Meant(BIG - number, NAME, PLACE, reachable=bool(number)) for number in range(10))
    units = tuple(replace(UNIT_LINE, id=BIG - number) for number in range(20))
    by_unit = tuple(
        UnitFares(number, PLACE if number else Place("", ""), NOTICE_CARD.fares) for number in range(40)
    )
    begins = Beginnings(100, 7)
    for message in (
        notice_lists.sent_list(Page(lines, 2, 3, 24), begins, voice=speaks),
        notice_lists.sent_list(Page((), 1, 1, 0), Beginnings(), voice=speaks),
        *(
            notice_readers.received_list(found, words_sought=sought, voice=speaks)
            for rows in (Page(lines, 2, 3, 24), Page((), 1, 1, 0))
            for found in (ReceivedPage(rows), ReceivedPage(rows, others=9), ReceivedPage(rows, old=True))
            for sought in ("", NAME)
        ),
        notice_audience.meant(
            MeantPage(BIG, people, True, 99, ((PLACE, 9),) * 19 + ((Place("", ""), 9),)), voice=speaks
        ),
        notice_audience.meant(MeantPage(BIG, ()), voice=speaks),
        notice_audience.places(NOTICE_CARD, UNIT_LINE, Page(units, 2, 3, 60), parent_id=7, voice=speaks),
        notice_audience.places(NOTICE_CARD, None, Page(units, 1, 1, 20), parent_id=0, voice=speaks),
        notice_lists.report(Report(NOTICE_CARD, by_unit), voice=speaks),
        notice_lists.calls(CallList(BIG, Page((), 1, 1, 0)), voice=speaks),
        notices.surely(NOTICE_CARD, "withdraw", voice=speaks),
        notices.surely(NOTICE_CARD, "stop", voice=speaks),
        notices.choose_language(NOTICE_CARD, voice=speaks),
        notice_terms.choose_kind(NOTICE_CARD, voice=speaks),
        notices.below_preview(replace(NOTICE_COPY, preview=True), voice=speaks),
        notice_audience.whom(NOTICE_CARD, voice=speaks),
    ):
        check(message)


@pytest.mark.parametrize("language", LANGUAGES)
def test_threads_templates_and_calls_can_be_sent_at_their_longest(language: str) -> None:
    speaks = voice(language)
    lines = tuple(
        ThreadLine(BIG - number, BIG, NAME, PLACE, NOW, NASTY * 90, 1, waiting=bool(number), handler=NAME)
        for number in range(8)
    )
    kept = tuple(TemplateLine(BIG - number, NAME, PLACE, NASTY * 90, 10) for number in range(8))
    drafts = tuple(NoticeLine(BIG - number, NoticeState.DRAFT, NASTY * 90, PLACE, NOW) for number in range(8))
    for message in (
        *(threads.page(THREAD, number, voice=speaks) for number in range(9)),
        threads.thread_card({}, replace(THREAD, said=(), gone=True), speaks),
        threads.mine({}, replace(THREAD, said=()), speaks),
        *threads.contents(THREAD, voice=speaks),
        threads.answers(BIG, Page(lines, 2, 3, 24), voice=speaks),
        threads.answers(BIG, Page(()), voice=speaks),
        threads.waiting(Page(lines, 2, 3, 24), voice=speaks),
        threads.waiting(Page(()), voice=speaks),
        templates.templates(Page(kept, 2, 3), voice=speaks),
        templates.templates(Page(()), voice=speaks),
        templates.template(kept[0], voice=speaks),
        templates.surely(kept[0], voice=speaks),
        templates.drafts(Page(drafts, 2, 3), voice=speaks),
        templates.drafts(Page(()), voice=speaks),
        desk.calls(Page(()), voice=speaks),
        desk.desk(Page(()), DeskCounts(100, 3), voice=speaks),
    ):
        check(message)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_a_thread_stands_on_one_of_its_pages(language: str) -> None:
    said = tuple(
        ThreadWords(bool(number % 2), NAME, NOW, f"<{number}>" + "字" * (number * 700)) for number in range(7)
    )
    facts = replace(THREAD, said=said)
    pages = [threads.page(facts, number, voice=voice(language)) for number in range(1, 9)]
    text = "".join(page.text for page in {page.text: page for page in pages}.values())
    assert text.count("字") == sum(number * 700 for number in range(7))
    assert all(f"&lt;{number}&gt;" in text for number in range(7))
    assert "&lt;6&gt;" not in pages[0].text
    assert "thread.page" in repr(pages[0].keyboard)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_import_can_be_shown_in_every_state(language: str) -> None:
    for state in ImportState:
        for problems in (0, 1, 7):
            for done in (0, 5):
                facts = replace(IMPORT, state=state, problems=problems, done=done)
                message = shown("import.card", {}, facts, language)
                check(message)
                assert bool(message.keyboard) == (state is ImportState.CHECKED)


def test_an_import_that_would_change_nothing_cannot_be_confirmed() -> None:
    same = shown("import.card", {}, replace(IMPORT, id=3, added=0, changed=0))
    assert data_of(same) == {"import.cancel:3"}
    assert data_of(shown("import.card", {}, replace(IMPORT, id=3))) == {"import.confirm:3", "import.cancel:3"}


def test_without_facts_a_kind_that_needs_them_is_not_sent() -> None:
    for kind, row in KINDS.items():
        if row.facts:
            assert render(kind, {}, None, reader=Reader(), rules=RULES, texts=TEXTS, now=NOW) is None


def test_a_group_is_not_told_twice_by_itself() -> None:
    assert KINDS["task.group"].on_unknown is OnUnknown.ASK
    assert KINDS["request.card"].on_unknown is OnUnknown.RESEND


# --- what stands on the cards -------------------------------------------------------------------------------------------


def test_the_card_says_by_when_somebody_answers_and_when_that_is_late() -> None:
    waiting = replace(REQUEST, state=RequestState.SUBMITTED, answer_due_at=NOW + timedelta(hours=4))
    assert "今天 14:00" in shown("request.card", {}, waiting).text
    late = shown("request.card", {}, replace(waiting, answer_due_at=NOW - timedelta(hours=1))).text
    assert "已经晚了" in late


def test_a_done_request_asks_for_the_word_of_who_asked_and_of_nobody_else() -> None:
    done = replace(REQUEST, id=17, state=RequestState.DONE)
    assert {"request.solved:17", "request.unsolved:17"} <= data_of(shown("request.card", {}, done))
    assert not {"request.solved:17"} & data_of(shown("request.card", {}, replace(done, may_confirm=False)))


def test_a_closed_request_has_no_button_that_changes_it() -> None:
    for state in (RequestState.CLOSED_CONFIRMED, RequestState.DECLINED, RequestState.WITHDRAWN):
        assert data_of(shown("request.card", {}, replace(REQUEST, id=17, state=state))) <= {
            "request.photos:17"
        }


def test_buttons_of_the_desk_carry_the_version_they_were_made_for() -> None:
    keyboard = shown("desk.card", {}, replace(DESK, id=17, version=3)).keyboard
    assert [button.data for row in keyboard for button in row][:3] == [
        "request.accept:17:3",
        "request.correct:17:3",
        "request.decline:17:3",
    ]


def test_the_helper_card_changes_its_buttons_with_the_claim() -> None:
    task = replace(TASK, id=9, version=2, request_id=17)
    assert data_of(shown("task.card", {}, task)) == {"task.claim:9"}
    held = data_of(shown("task.card", {}, replace(task, mine=ClaimState.CLAIMED)))
    assert {"task.start:9", "task.done:9", "task.release:9", "request.write:17"} <= held
    assert "task.start:9" not in data_of(shown("task.card", {}, replace(task, mine=ClaimState.STARTED)))
    assert data_of(shown("task.card", {}, replace(task, mine=ClaimState.REPORTED, may_claim=False))) == set()


def test_what_is_about_staff_cannot_be_given_back() -> None:
    task = replace(TASK, id=9, category="sensitive", mine=ClaimState.CLAIMED)
    assert "task.release:9" not in data_of(shown("task.card", {}, task))


def test_an_alarm_that_somebody_acts_on_has_no_button_left() -> None:
    assert shown("alarm.card", {}, replace(ALARM, acknowledged_at=None)).keyboard
    assert not shown("alarm.card", {}, ALARM).keyboard


def test_danger_names_the_three_numbers_in_both_languages() -> None:
    for language in LANGUAGES:
        text = alarms.danger(voice=voice(language)).text
        assert all(number in text for number in ("110", "119", "120"))


def test_an_unknown_note_or_refusal_does_not_stop_a_message() -> None:
    assert shown("request.card", {"note": "long.gone"}, REQUEST).text
    assert shown("refused", {"key": "long.gone"}, None).text == TEXTS.say("zh", "refused.not_found")


def test_the_menu_and_the_help_follow_the_permissions() -> None:
    resident = Actor(7)
    menu = {button.data for row in people.menu(voice=voice(actor=resident)).keyboard for button in row}
    assert "menu.open:0:request" in menu
    assert "menu.open:0:desk" not in menu
    assert "/desk" not in people.help_screen(voice=voice(actor=resident)).text
    assert "/desk" in people.help_screen(voice=voice()).text


def test_who_reads_the_language_that_was_not_corrected_is_not_told_the_old_words_are_new() -> None:
    both = replace(NOTICE_COPY.notice, texts={"zh": "周三停水", "en": "Tuesday"}, media=())
    copy = replace(NOTICE_COPY, notice=replace(both, corrected_at=NOW, uncorrected="en"))
    again = {language: notices.again({}, copy, voice(language)).text for language in ("zh", "en")}
    assert "周三停水" in again["zh"]
    assert "周三停水" in again["en"]
    assert "Tuesday" not in again["en"]
    assert "The Chinese text was corrected" in notices.notice_copy({}, copy, voice("en")).text
    assert "更正过" in notices.notice_copy({}, copy, voice("zh")).text


# --- days and times -------------------------------------------------------------------------------------------------------


def test_days_are_near_by_name_and_far_by_date() -> None:
    zh, en = voice("zh"), voice("en")
    assert [zh.day(date(2026, 3, day)) for day in (1, 2, 3, 9)] == [
        "昨天",
        "今天",
        "明天",
        "3月9日（周一）",
    ]
    assert [en.day(date(2026, 3, 3)), en.day(date(2025, 3, 9))] == ["tomorrow", "Sun, Mar 9, 2025"]


def test_times_are_the_community_s_not_the_server_s() -> None:
    late = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)
    assert voice().when(late) == "明天 00:30"
    far = late + timedelta(days=9)
    assert [voice(language).when(far) for language in ("zh", "en")] == [
        "3月12日（周四）00:30",
        "Thu, Mar 12, 00:30",
    ]


def test_points_are_said_without_needless_zeros() -> None:
    assert [voice().points(number) for number in (1250, 1500, 5, 0)] == ["12.5", "15", "0.05", "0"]


def test_a_unit_without_an_english_name_keeps_its_own() -> None:
    assert voice("en").place(Place("3号楼")) == "3号楼"


# --- screens ---------------------------------------------------------------------------------------------------------------


def page(*rows: Any, pages: int = 3) -> Page[Any]:
    return Page(rows * 6, page=2, pages=pages, total=99)


def screens(spoken: Voice) -> Iterator[Message]:
    empty: Page[Any] = Page(())
    numbered = (
        page(RequestRow(number, "lift", RequestState.OPEN, NOW, NAME, NAME)).rows[0] for number in range(6)
    )
    yield requests.mine(Page(tuple(numbered), 2, 3, 99), voice=spoken)
    yield requests.mine(empty, voice=spoken)
    yield from lesson_screens(spoken)
    for kind in ("alarm", "request", "visit", "checkin"):
        rows = tuple(DeskRow(kind, number, NOW, PLACE, "lift", "urgent", NOW) for number in range(6))
        yield desk.desk(Page(rows, 2, 3, 99), DeskCounts(7, 100), voice=spoken)
    yield desk.desk(empty, DeskCounts(), voice=spoken)
    for mine in (None, ClaimState.REWORK):
        listed = tuple(
            TaskRow(number, "request", "lift", "urgent", PLACE, 3, 1, NOW, NAME, mine) for number in range(6)
        )
        yield tasks.pool(Page(listed, 2, 3, 99), voice=spoken)
        yield tasks.mine(Page(listed, 2, 3, 99), voice=spoken)
    yield tasks.pool(empty, voice=spoken)
    yield tasks.mine(empty, voice=spoken)
    for own in (True, False):
        pairs = tuple(
            PairRow(number, NAME, NAME, PLACE, NAME, "other", 7, NOW.date(), own, NOW, 3, number)
            for number in range(6)
        )
        yield pairings.pairs(Page(pairs, 2, 3, 99), voice=spoken)
    yield pairings.pairs(Page((replace(pairs[0], last_done_at=None, task_id=None),)), voice=spoken)
    yield pairings.pairs(empty, voice=spoken)
    earned = PointRow(NOW, "visit", 90, 120, 2700, BIG)
    yield points.points(
        PointsFacts(BIG, BIG, (earned,) * 10, (replace(earned, request_id=None),) * 10), voice=spoken
    )
    yield points.points(PointsFacts(0, 0, (replace(earned, kind="correction"),)), voice=spoken)
    yield points.points(PointsFacts(0, 0), voice=spoken)
    yield requests.sure_to_withdraw(BIG, voice=spoken)
    yield requests.stars(BIG, voice=spoken)
    yield requests.really_solved(BIG, stars=1, voice=spoken)
    yield from requests.contents(Contents(BIG, (PART,) * 20 + (PHOTO,) * 12), voice=spoken)
    yield from requests.contents(Contents(BIG, ()), voice=spoken)
    yield desk.choose_category(DESK, voice=spoken)
    yield desk.choose_urgency(DESK, voice=spoken)
    yield desk.choose_places(DESK, voice=spoken)
    yield checkins.check(ANSWERS, version=7, voice=spoken)
    yield checkins.check({}, version=7, voice=spoken)
    yield checkins.sure_to_leave(CHECKIN, voice=spoken)
    yield from checkins.papers((PHOTO, replace(PHOTO, kind="document")), voice=spoken)
    yield from checkins.papers((), voice=spoken)
    yield people.hello(voice=spoken)
    yield people.languages(voice=spoken)
    yield people.consent(voice=spoken)
    yield people.menu(voice=spoken)
    yield people.help_screen(voice=spoken)
    yield from organisation(spoken)
    yield people.home_picker(UnitLevel(()), voice=spoken)
    yield people.open_privately("https://t.me/linli_bot?start=r-1", voice=spoken)
    yield alarms.danger(voice=spoken)
    yield said("start.known", voice=spoken, name=NAME)


def lesson_screens(spoken: Voice) -> Iterator[Message]:
    for state in LessonState:
        for whole in (True, False):
            shown_so = replace(LESSON_CARD, lesson=replace(LESSON, state=state, questions=()), whole=whole)
            yield lesson_desk.lesson_card({}, shown_so, spoken)
    for done, rows in product((True, False), (8, 0)):
        mine = tuple(
            MyLesson(BIG - n, TITLES, NOW.date(), 600, 10_000, NOW if done else None, NOW)
            for n in range(rows)
        )
        yield lessons.my_study(MyStudy(Page(mine, 2, 3, 24), done, 2026, 99, 9999, 99_999), voice=spoken)
    lines = tuple(AssignedLine(BIG - n, TITLES, LessonState.OPEN, NOW.date(), PLACE) for n in range(8))
    yield lesson_desk.assigned(Page(lines, 2, 3, 24), voice=spoken)
    yield lesson_desk.assigned(Page(()), voice=spoken)
    learners = tuple(Learner(BIG - n, NAME, PLACE, NOW if n else None, None, None) for n in range(8))
    yield lesson_desk.learners(LearnerPage(BIG, TITLES, learners, BIG), voice=spoken)
    yield lesson_desk.learners(LearnerPage(BIG, TITLES, ()), voice=spoken)
    lines_ = tuple(replace(UNIT_LINE, id=number) for number in range(1, 9))
    for number in (1, 10, 99):
        yield lesson_questions.questions({"page": number}, LESSON_CARD, spoken)
    yield lesson_questions.questions({}, replace(LESSON_CARD, lesson=replace(LESSON, questions=())), spoken)
    yield lesson_questions.question(LESSON_CARD, 0, voice=spoken)
    for above, parent, below in ((UNIT_LINE, 0, lines_), (UNIT_LINE, None, ()), (None, 0, lines_)):
        yield lesson_years.places(above, Page(below, 2, 3, 24), parent_id=parent, voice=spoken)
    yield lesson_desk.surely(LESSON_CARD, voice=spoken)
    yield lesson_desk.preview(LESSON_CARD, voice=spoken)
    yield lesson_audience.places(LESSON_CARD, UNIT_LINE, Page(lines_, 2, 3, 24), parent_id=0, voice=spoken)
    able = {**LESSON.addressees, "skills": ["medical", "electric"], "tags": ["living_alone"]}
    yield lesson_audience.skills(replace(LESSON_CARD, lesson=replace(LESSON, addressees=able)), voice=spoken)
    planned = replace(LESSON, state=LessonState.DRAFT, starts_on=NOW.date(), series_id=BIG, series_no=52)
    yield lesson_desk.lesson_card({}, replace(LESSON_CARD, lesson=planned, series=NAME), spoken)
    kept = tuple(LessonTemplateLine(BIG - n, NAME, PLACE, TITLES, 600, 50, 10) for n in range(8))
    yield lesson_templates.templates(Page(kept, 2, 3, 24), voice=spoken)
    yield lesson_templates.templates(Page(()), voice=spoken)
    yield lesson_templates.template(kept[0], voice=spoken)
    yield lesson_templates.surely(kept[0], voice=spoken)
    rows_ = tuple(SeriesLine(BIG - n, NAME, PLACE, 52, 39, stopped=bool(n % 2)) for n in range(8))
    yield lesson_series.listed(Page(rows_, 2, 3, 24), voice=spoken)
    yield lesson_series.listed(Page(()), voice=spoken)
    stopped = replace(SERIES, series=replace(SERIES.series, stopped_at=NOW), free=())
    yield lesson_series.series({}, stopped, spoken)
    yield lesson_series.series({}, replace(SERIES, weeks=()), spoken)
    yield lesson_series.surely(SERIES, voice=spoken)
    waiting = tuple(DraftLine(BIG - n, TITLES) for n in range(8))
    yield lesson_series.drafts(BIG, Page(waiting, 2, 3, 24), voice=spoken)
    yield lesson_series.drafts(BIG, Page(()), voice=spoken)
    yield lesson_series.templates(BIG, Page(kept, 2, 3, 24), voice=spoken)
    yield lesson_series.templates(BIG, Page(()), voice=spoken)
    yield lesson_audience.places(LESSON_CARD, None, Page(()), parent_id=0, voice=spoken)
    due = LESSON_MINE.due
    for part in (due, replace(due, read_at=NOW, done_at=NOW)):
        yield lessons.page({}, replace(LESSON_MINE, due=part, wait=0), spoken)
    over = replace(LESSON_QUIZ, number=0, options=())
    for so in (
        over,
        replace(over, tries_left=0),
        replace(over, score=59),
        replace(over, changed=True),
        replace(over, done=True, score=100),
    ):
        yield lessons.quiz({}, so, spoken)
    problems = [[BIG, "lesson.options_wrong", {"most": 8}]] * 10
    for answers in ({}, {"questions": [{}] * 9, "problems": problems, "wrong": 99}):
        yield lesson_questions.ask_bank(Prompt("lesson_bank", "sheet", 7, answers), spoken)
        yield lesson_questions.ask_question(Prompt("lesson_ask", "question", 7, answers), spoken)
    longest = {"typed": "<" * 5000}
    yield lesson_questions.ask_reword(Prompt("lesson_reword", "reworded", 7, longest), spoken)


def organisation(spoken: Voice) -> Iterator[Message]:
    for manages in (True, False):
        found = replace(UNIT_CARD, may_manage=manages)
        yield units.unit_card({"bot": "linli_bot"}, found, spoken)
        yield units.unit_card({}, replace(found, closed=True, parent=None), spoken)
    bare = replace(UNIT_CARD, staff=(), aliases=(), merged_into=None, closed=True, place=Place(NAME))
    yield units.unit_card({"bot": ""}, bare, spoken)
    lines = tuple(replace(UNIT_LINE, id=number, has_children=number > 9) for number in range(1, 21))
    lists = (
        UnitList(Page(lines, 2, 3, 60), UNIT_LINE, 4711),
        UnitList(Page(lines, 2, 3, 60)),
        UnitList(Page(()), replace(UNIT_LINE, kind="street")),
    )
    for found in lists:
        yield units.unit_list(found, voice=spoken)
        yield units.where_to_move(UNIT_CARD, found, voice=spoken)
        yield units.where_to_merge(UNIT_CARD, found, voice=spoken)
        yield units.bind_picker(found, voice=spoken)
    yield units.unit_list(UnitList(Page(())), voice=spoken)
    yield units.bind_picker(UnitList(Page(())), voice=spoken)
    yield units.aliases(UNIT_CARD, voice=spoken)
    yield units.aliases(replace(UNIT_CARD, aliases=()), voice=spoken)
    calendars = {code: WorkingCalendar() for code in ("", "CN", "HK")}
    yield units.calendars(UNIT_CARD, voice=replace(spoken, rules=replace(RULES, calendars=calendars)))
    for change in ("move", "merge", "close"):
        for below in (Below(), Below(*range(1001, 1007))):
            facts = Consequences(change, UNIT_LINE, 999_999, below, 7, 1001, UNIT_LINE)
            yield units.really(facts, voice=spoken)
    gaps = tuple(Gap(kind, BIG, PLACE, PLACE, NAME) for kind in GAPS) * 2
    yield units.gaps(UNIT_CARD, Page(gaps, 2, 3, 30), voice=spoken)
    yield units.gaps(UNIT_CARD, Page(()), voice=spoken)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_can_be_sent_at_its_longest(language: str) -> None:
    for message in screens(voice(language)):
        check(message)


def test_contents_lose_no_part_and_keep_albums_within_ten() -> None:
    sent = requests.contents(Contents(1, (PART, *(PHOTO,) * 12, replace(PHOTO, kind="voice"))), voice=voice())
    assert [len(message.media) for message in sent] == [0, 10, 2, 1]


# --- forms -------------------------------------------------------------------------------------------------------------------

ANSWERS: Mapping[str, Any] = {
    "contents": [{"kind": "text", "text": NASTY * 400}, {"kind": "photo", "file_id": "f"}],
    "category": "lift", "urgency": "timely", "private": True, "name_hidden": True, "about": "leader", "name": NAME,
    "flat": NAME, "phone": NAME, "unit_zh": NAME, "unit_en": NAME, "resident_name": NAME, "member_name": NAME,
    "branch": NAME, "skills": ["medical"], "free": list(SLOTS[1:]), "by_day": True,
    "need": "illness", "cadence_days": 7, "first_due_on": "2026-03-09", "notes": NASTY * 400, "request_id": 17,
}  # fmt: skip
PEOPLE = Page(tuple(PersonRow(number, NAME, PLACE, NAME) for number in range(6)), 2, 3, 18)
CHOICES: Mapping[str, Any] = {"resident": PEOPLE, "member": PEOPLE, "unit": LEVEL}
STEPS_ASKED = [(form, step) for form, step in forms.QUESTIONS]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("form", "step"), STEPS_ASKED)
def test_every_step_can_be_asked(form: str, step: str, language: str) -> None:
    for answers in ({}, ANSWERS):
        for wrong in ("", "form.words_needed"):
            asked = Prompt(form, step, 7, answers, skippable=True, wrong=wrong, choices=CHOICES.get(step))
            message = forms.prompt(asked, voice=voice(language))
            check(message)
            ways = {button.data for row in message.keyboard for button in row}
            if not message.contact_button:
                assert {"form.back:7", "form.cancel:7"} <= ways
    first = forms.prompt(Prompt(form, step, 7, first=True), voice=voice(language))
    assert "form.back:7" not in {button.data for row in first.keyboard for button in row}


def test_the_buttons_of_a_step_carry_the_version_of_its_draft() -> None:
    asked = forms.prompt(Prompt("request", "urgency", 7, {"category": "lift"}, first=True), voice=voice())
    assert [button.data for row in asked.keyboard for button in row] == [
        "request.urgency:7:timely",
        "request.urgency:7:urgent",
        "form.cancel:7",
    ]


def test_one_s_own_phone_is_asked_with_the_button_that_shares_it() -> None:
    asked = forms.prompt(Prompt("request", "phone", 7, skippable=True), voice=voice())
    assert (asked.contact_button, asked.word_buttons) == ("📱 发送我的号码", ("跳过", "返回", "取消"))
    assert [forms.word_of(word, texts=TEXTS) for word in (*asked.word_buttons, " cancel ", "好")] == [
        "skip",
        "back",
        "cancel",
        "cancel",
        None,
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["request", "proxy", "pairing"])
def test_the_summary_shows_what_will_be_passed_on(form: str, language: str) -> None:
    check(forms.check(form, ANSWERS, version=7, voice=voice(language)))
    check(forms.check(form, {}, version=7, voice=voice(language)))
    check(forms.pass_on(ANSWERS, version=7, voice=voice(language)))


def test_a_category_that_is_always_private_says_so_before_it_is_passed_on() -> None:
    text = forms.check("request", {"category": "elder_help"}, version=1, voice=voice()).text
    assert "谁能看到：保密" in text


# --- the test itself ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        Message("<b>open"),
        Message("x < y"),
        Message("好" * 4097),
        Message(""),
    ],
)
def test_the_check_would_find_a_message_that_cannot_be_sent(bad: Message) -> None:
    with pytest.raises((AssertionError, IndexError)):
        check(bad)
