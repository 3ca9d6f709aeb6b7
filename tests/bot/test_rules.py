"""One source of defaults: the rulebook the settings make, and the words that ring."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from bot.rules import rulebook
from bot.settings import Settings, load
from domain.alarms import has_danger
from domain.clocks import answer_due
from domain.rulebook import URGENCIES, Category, NoticeKind, NoticeRules, Retention, Rulebook, Skill, Tag


def test_settings_left_alone_are_the_rulebook_left_alone() -> None:
    assert rulebook(Settings()) == Rulebook()


def test_every_rule_an_operator_sets_reaches_the_rulebook() -> None:
    rules = rulebook(
        load(
            None,
            environment={
                "LINLI_COMMUNITY__TIME_ZONE": "Europe/Berlin",
                "LINLI_COMMUNITY__CALENDAR": "DE",
                "LINLI_COMMUNITY__MORE_CALENDARS": "HK",
                "LINLI_DANGER_WORDS": "flood",
                "LINLI_RULES__MAX_OPEN_CLAIMS": "5",
                "LINLI_RULES__MAX_PLACES": "7",
                "LINLI_COMMUNITY__CONSENT_VERSION": "3",
                "LINLI_RETENTION__DRAFTS": "0",
                "LINLI_RETENTION__AUDIT": "3650",
                "LINLI_RULES__OFFICE__OPENS": "08:00",
                "LINLI_RULES__OFFICE__CLOSES": "12:00",
                "LINLI_RULES__OFFICE__WEEKDAYS": "1,3",
                "LINLI_RULES__FIRST_ANSWER_HOURS__ORDINARY": "6",
                "LINLI_RULES__CHECKIN_MONTHS": "6",
                "LINLI_COMMUNITY__SKILLS": '[{"code": "bees", "zh": "养蜂", "en": "Beekeeping"}]',
                "LINLI_PEOPLE__TAGS": '[{"code": "twins", "zh": "双胞胎", "en": "Twins"}]',
                "LINLI_NOTICES__VALID_DAYS": "0",
                "LINLI_NOTICES__KINDS": '[{"code": "other", "zh": "其他", "en": "Other"}]',
                "LINLI_POINTS__VERSION": "2",
                "LINLI_POINTS__PER_HOUR__VISIT": "2000",
                "LINLI_POINTS__RATING_FACTOR__5": "150",
                "LINLI_POINTS__ROUNDING_MINUTES": "10",
                "LINLI_CATEGORIES": '[{"code": "other", "zh": "其他", "en": "Other", "kind": "visit", '
                '"urgencies": ["timely"], "sensitive": true, "always_private": true, "photo_on_report": true}]',
            },
        ),
        today=date(2026, 3, 2),
    )
    assert rules.time_zone == "Europe/Berlin"
    assert rules.calendar == "DE"
    assert set(rules.calendars) == {"DE", "HK"}
    assert date(2026, 10, 3) in rules.working_calendar().off
    assert rules.danger_words == ("flood",)
    assert (rules.max_open_claims, rules.max_places) == (5, 7)
    assert rules.consent_version == 3
    assert rules.retention == replace(Retention(), drafts=0, audit=3650)
    assert rules.working_hours.opens == time(8)
    assert rules.working_hours.closes == time(12)
    assert rules.working_hours.weekdays == {1, 3}
    assert rules.answer_hours == {"urgent": 2, "timely": 4, "ordinary": 6, "complex": 8}
    assert rules.checkin_months == 6
    assert rules.skills == (Skill("bees", "养蜂", "Beekeeping"),)
    assert rules.tags == (Tag("twins", "双胞胎", "Twins"),)
    assert rules.notices == NoticeRules(valid_days=0, kinds=(NoticeKind("other", "其他", "Other"),))
    assert rules.points.version == 2
    assert rules.points.weights == {**Rulebook().points.weights, "visit": 2000}
    assert rules.points.factors[5] == 150
    assert rules.points.rounding == 10
    assert rules.categories == (
        Category("other", "其他", "Other", ("timely",), True, True, "visit", photo_on_report=True),
    )


def test_a_deadline_follows_the_office_hours_that_were_set() -> None:
    rules = rulebook(
        load(
            None,
            environment={
                "LINLI_RULES__OFFICE__OPENS": "08:00",
                "LINLI_RULES__OFFICE__CLOSES": "12:00",
                "LINLI_RULES__OFFICE__WEEKDAYS": "1,3",
            },
        )
    )
    monday_at_eleven = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    due = answer_due("timely", raised_at=monday_at_eleven, rules=rules).astimezone(ZoneInfo("Asia/Shanghai"))
    assert (due.isoweekday(), due.hour) == (3, 11)


def test_every_urgency_has_its_hours_and_every_category_its_weight() -> None:
    rules = Rulebook()
    assert set(rules.answer_hours) == set(URGENCIES)
    assert {category.kind for category in rules.categories} <= set(rules.points.weights)
    assert {urgency for category in rules.categories for urgency in category.urgencies} <= set(URGENCIES)


@pytest.mark.parametrize(
    "words",
    [
        "三楼厨房着火了，快来人",
        "楼道里冒烟",
        "楼下起火了！",
        "闻到很浓的煤气味",
        "有人困在电梯里",
        "我妈晕倒了",
        "救命啊",
        "他说他不想活了",
        "The kitchen is ON  FIRE",
        "I smell gas in the stairwell",
        "we are stuck in the lift",
        "he is not breathing",
    ],
)
def test_words_of_danger_ring(words: str) -> None:
    assert has_danger(words, Rulebook())


@pytest.mark.parametrize(
    "words",
    [
        "周六一起火锅，谁来？",
        "楼道堆的纸箱容易引起火灾，请清理",
        "想给年轻生活区装个路灯",
        "老人不想活动，请多陪陪",
        "三号楼的落水管断了",
        "希望垃圾桶旁边多打扫",
        "The fire door on the second floor does not close",
        "there is a fire extinguisher missing",
        "the knife grinder should come again",
        "The shelf in the bicycle room has collapsed",
        "no fire! just the alarm being tested",
    ],
)
def test_harmless_words_do_not_ring(words: str) -> None:
    assert not has_danger(words, Rulebook())
