"""The numbers of the house, all with defaults and all from configuration: categories, urgencies, limits, points.

Knows shapes and defaults; reading them from a file is the program's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time

from domain.calendars import WEEKENDS, WorkingCalendar

URGENCIES = ("urgent", "timely", "ordinary", "complex")


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of request. ``urgencies`` are those a resident may choose from, the first being the default.

    ``sensitive`` ones are about people of the organisation and go past them; ``always_private`` ones are never
    shown in a group and hide the name. ``kind`` is the kind of service that points are weighed by.
    """

    code: str
    zh: str
    en: str
    urgencies: tuple[str, ...] = ("ordinary",)
    sensitive: bool = False
    always_private: bool = False
    kind: str = "errand"
    photo_on_report: bool = False


DEFAULT_CATEGORIES = (
    Category("lift", "电梯故障", "Lift", ("timely", "urgent"), kind="repair_help"),
    Category(
        "utilities", "水电燃气暖气", "Water, power, gas, heating", ("timely", "urgent"), kind="repair_help"
    ),
    Category("repair", "公共设施维修", "Repairs in shared areas", ("ordinary", "timely"), kind="repair_help"),
    Category("hygiene", "环境卫生", "Cleanliness", ("ordinary", "timely"), kind="patrol"),
    Category("parking", "停车与通道", "Parking and passages", ("ordinary", "timely"), kind="patrol"),
    Category("noise", "邻里与噪音", "Neighbours and noise", ("ordinary",), kind="mediation"),
    Category(
        "elder_help",
        "老人照料",
        "Help for an elder",
        ("timely", "urgent", "ordinary"),
        always_private=True,
        kind="elder_help",
    ),
    Category("micro_wish", "微心愿", "A small wish", ("ordinary",), kind="errand"),
    Category(
        "sensitive",
        "反映工作人员",
        "About a member of staff",
        ("ordinary",),
        sensitive=True,
        always_private=True,
        kind="mediation",
    ),
    Category("other", "其他", "Something else", ("ordinary", "timely"), kind="errand"),
)


@dataclass(frozen=True, slots=True)
class Skill:
    """Something a member can do for others, that a task may ask for."""

    code: str
    zh: str
    en: str


DEFAULT_SKILLS = (
    Skill("medical", "医疗护理", "Medical care"),
    Skill("electric", "水电维修", "Plumbing and wiring"),
    Skill("legal", "法律咨询", "Legal advice"),
    Skill("tutoring", "课业辅导", "Tutoring"),
    Skill("computer", "手机电脑", "Phones and computers"),
    Skill("driving", "开车接送", "Driving"),
    Skill("elder_care", "陪护老人", "Company for elders"),
    Skill("mediation", "调解", "Mediation"),
    Skill("cooking", "做饭送餐", "Cooking and meals"),
    Skill("language_en", "英语", "English"),
    Skill("haircut", "理发", "Haircuts"),
    Skill("arts", "文体", "Arts and sports"),
)


@dataclass(frozen=True, slots=True)
class Tag:
    """Something the community should know of a person, that a notice may be meant for."""

    code: str
    zh: str
    en: str


DEFAULT_TAGS = (
    Tag("living_alone", "独居老人", "Elder living alone"),
    Tag("mobility", "行动不便", "Limited mobility"),
    Tag("chronic", "慢病需关照", "Long-term illness"),
    Tag("young_family", "新手父母", "Family with a small child"),
    Tag("hardship", "困难家庭", "Family in hardship"),
    Tag("newcomer", "新搬来的", "New here"),
    Tag("tenant", "租户", "Tenant"),
    Tag("volunteer_core", "志愿骨干", "Core volunteer"),
)


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """What a notice is about; people may ask not to be messaged about routine ones of a kind."""

    code: str
    zh: str
    en: str


OTHER_KIND = "other"
"""The kind of a notice until another one is chosen; it is always in the list."""
DEFAULT_NOTICE_KINDS = (
    NoticeKind("works", "停水停电与维修", "Water, power and repairs"),
    NoticeKind("safety", "安全提醒", "Safety"),
    NoticeKind("health", "健康医疗", "Health"),
    NoticeKind("culture", "文体活动", "Culture and sports"),
    NoticeKind("party", "党务党建", "Party affairs"),
    NoticeKind(OTHER_KIND, "社区事务", "Community matters"),
)

# Looked for anywhere in what was said, so each is long enough not to stand inside something harmless: 起火 is in
# 一起火锅 and 引起火灾隐患, 轻生 in 年轻生活, 不想活 in 不想活动, "a fire" in "a fire door". Where a doubt is left the
# word stays: a ring too many is answered with one press ("not an emergency").
DEFAULT_DANGER_WORDS = (
    "着火", "失火", "起火了", "起火啦", "突然起火", "发生火灾", "冒烟", "爆炸",
    "燃气泄漏", "煤气泄漏", "燃气泄露", "煤气泄露", "天然气泄漏", "燃气味", "煤气味", "煤气中毒", "漏电", "触电",
    "晕倒", "昏迷", "昏过去", "没有呼吸", "没呼吸", "喘不上气", "心脏病发", "心梗", "大出血", "溺水",
    "救命", "自杀", "不想活了", "想轻生", "要轻生", "要跳楼", "想跳楼", "打人", "持刀", "拿刀", "抢劫", "家暴",
    "困在电梯", "被困电梯", "电梯困人", "关在电梯",
    "on fire", "caught fire", "house fire", "explosion", "exploded",
    "gas leak", "leaking gas", "smell gas", "smells of gas", "smell of gas", "electric shock", "electrocuted",
    "unconscious", "not breathing", "cannot breathe", "can't breathe", "fainted", "heart attack",
    "heavy bleeding", "bleeding heavily", "is drowning",
    "suicide", "suicidal", "kill myself", "being beaten", "with a knife", "robbery", "domestic violence",
    "stuck in the lift", "trapped in the lift", "stuck in the elevator", "trapped in the elevator",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When the community's office works. ``weekdays`` are ISO numbers (Monday 1); eight hours make a working day."""

    opens: time = time(9, 0)
    closes: time = time(17, 0)
    weekdays: frozenset[int] = frozenset({1, 2, 3, 4, 5})


@dataclass(frozen=True, slots=True)
class PointRules:
    """Version 1 of the rulebook of points. ``weights``: hundredths of a point an hour by kind of service;
    ``factors``: percent by stars; minutes are rounded to ``rounding`` minutes.

    Of one person's service at most ``task_hours`` of a task earn points unless more was agreed on before, ``day_hours``
    of a day, and ``home_week_hours`` of a week for the same household. Source: docs/rules.md §6."""

    version: int = 1
    weights: Mapping[str, int] = field(
        default_factory=lambda: {
            "errand": 1000,
            "repair_help": 1200,
            "patrol": 1000,
            "mediation": 1200,
            "elder_help": 1500,
            "visit": 1500,
        }
    )
    factors: Mapping[int, int] = field(default_factory=lambda: {5: 120, 4: 100, 3: 80, 2: 0, 1: 0})
    rounding: int = 15
    task_hours: int = 2
    day_hours: int = 8
    home_week_hours: int = 4


@dataclass(frozen=True, slots=True)
class Retention:
    """After how many days each kind of thing is forgotten; 0 keeps it for ever. Ids and numbers stay in the ledger.

    ``audit`` holds for rows of sealed batches only.
    """

    inbox_payloads: int = 7
    inbox_rows: int = 90
    outbox_rows: int = 90
    drafts: int = 30
    job_runs: int = 400
    cards: int = 400
    closed_request_words: int = 1095
    notice_answers: int = 1095
    leave_reasons: int = 1095
    import_rows: int = 7
    audit: int = 1825


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """``second_above``: more recipients than this need a second person's yes. ``remind_hours`` lie between two reminders.
    ``valid_days``: how long a notice is valid where nothing else is said, 0 for without an end.

    ``quiet_from`` to ``quiet_to``: nothing that is only routine leaves then, by the clock of the unit. ``call_days``: after
    so many nobody is called about it any more. Source: docs/rules.md §7, §10.
    """

    second_above: int = 2000
    remind_hours: int = 24
    call_days: int = 30
    quiet_from: time = time(22, 0)
    quiet_to: time = time(7, 30)
    valid_days: int = 30
    kinds: tuple[NoticeKind, ...] = DEFAULT_NOTICE_KINDS

    def kind(self, code: str) -> NoticeKind | None:
        """The kind with this code, or None."""
        return next((kind for kind in self.kinds if kind.code == code), None)


@dataclass(frozen=True, slots=True)
class DigestRules:
    """Digests leave at ``at`` by the clock of the reader's unit, weekly ones on ``weekday`` (ISO number, Monday 1)."""

    at: time = time(8, 0)
    weekday: int = 1


@dataclass(frozen=True, slots=True)
class DeadlineRules:
    """What is due when after the first answer, and how long the bot waits for people who say nothing.
    Source: docs/rules.md §3, §4, §10.

    ``solution_hours`` by urgency, from the raising on: urgent ones round the clock, the others working hours.
    A warning comes ``urgent_warn_minutes`` before an urgent deadline, else ``warn_percent`` of its span before.
    A member starts within ``start_minutes`` (``urgent_start_minutes``), and after a warning within half as long again.
    What nobody takes on is offered more widely at ``widen_percent`` of the span, and comes before the secretary at
    ``list_percent``. Who is asked is reminded after ``remind_hours``; after ``silent_days`` it closes without them.
    """

    solution_hours: Mapping[str, int] = field(
        default_factory=lambda: {"urgent": 24, "timely": 24, "ordinary": 56, "complex": 120}
    )
    urgent_warn_minutes: int = 15
    warn_percent: int = 10
    start_minutes: int = 1440
    urgent_start_minutes: int = 30
    widen_percent: int = 25
    list_percent: int = 50
    remind_hours: tuple[int, ...] = (24, 72)
    silent_days: int = 7


@dataclass(frozen=True, slots=True)
class StudyRules:
    """``points_per_hour`` in hundredths, where nobody says what a lesson is worth; at most ``daily_cap`` of them are posted
    for one person's day. ``minimum_share``: per cent of a lesson's minutes before "done" counts. ``pass_mark`` in per cent
    and ``tries_a_day`` are what a new lesson begins with. ``remind_at``: by the clock of where somebody lives.

    Source: docs/rules.md §6, §8.
    """

    points_per_hour: int = 400
    daily_cap: int = 1000
    minimum_share: int = 50
    pass_mark: int = 60
    tries_a_day: int = 3
    remind_at: time = time(9, 0)


@dataclass(frozen=True, slots=True)
class MeetingRules:
    """``duties``: how often a unit owes each kind of meeting, as ``domain.meetings.duties.Often`` names it. A meeting takes
    ``usual_minutes``. People are reminded at ``remind_at`` of the day before and ``remind_hours_before`` it begins.

    The code is taken from ``checkin_opens_minutes_before`` the beginning until ``checkin_closes_minutes_after`` the end;
    with ``ask_place`` from within ``place_metres`` of where it is. ``points``: hundredths for who was there.
    ``duty_reminders``: whether who leads a unit is told what is missing. Source: docs/rules.md §9.
    """

    usual_minutes: int = 90
    remind_at: time = time(9, 0)
    remind_hours_before: int = 2
    checkin_opens_minutes_before: int = 15
    checkin_closes_minutes_after: int = 30
    ask_place: bool = False
    place_metres: int = 200
    points: int = 100
    duty_reminders: bool = True
    duties: Mapping[str, str] = field(
        default_factory=lambda: {
            "branch": "quarterly",
            "committee": "monthly",
            "group": "monthly",
            "lecture": "quarterly",
            "theme_day": "monthly",
        }
    )


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Everything a rule may ask for. One is in force for a whole run of the program."""

    categories: tuple[Category, ...] = DEFAULT_CATEGORIES
    danger_words: tuple[str, ...] = DEFAULT_DANGER_WORDS
    answer_hours: Mapping[str, int] = field(
        default_factory=lambda: {"urgent": 2, "timely": 4, "ordinary": 8, "complex": 8}
    )
    working_hours: WorkingHours = field(default_factory=WorkingHours)
    time_zone: str = "Asia/Shanghai"
    calendar: str = "CN"
    calendars: Mapping[str, WorkingCalendar] = field(default_factory=dict)
    max_open_claims: int = 3
    max_places: int = 20
    points: PointRules = field(default_factory=PointRules)
    consent_version: int = 1
    skills: tuple[Skill, ...] = DEFAULT_SKILLS
    tags: tuple[Tag, ...] = DEFAULT_TAGS
    checkin_months: int = 12
    retention: Retention = field(default_factory=Retention)
    notices: NoticeRules = field(default_factory=NoticeRules)
    digests: DigestRules = field(default_factory=DigestRules)
    deadlines: DeadlineRules = field(default_factory=DeadlineRules)
    study: StudyRules = field(default_factory=StudyRules)
    meetings: MeetingRules = field(default_factory=MeetingRules)

    def category(self, code: str) -> Category | None:
        """The category with this code, or None."""
        return next((category for category in self.categories if category.code == code), None)

    def working_calendar(self, code: str = "") -> WorkingCalendar:
        """The calendar of this name; the community's own for "", and for one that was not loaded."""
        if code == WEEKENDS:
            return WorkingCalendar()
        known = self.calendars.get(code) or self.calendars.get(self.calendar)
        return known or WorkingCalendar()

    def skill(self, code: str) -> Skill | None:
        """The skill with this code, or None."""
        return next((skill for skill in self.skills if skill.code == code), None)

    def tag(self, code: str) -> Tag | None:
        """The tag with this code, or None."""
        return next((tag for tag in self.tags if tag.code == code), None)

    def skills_by_word(self) -> Mapping[str, str]:
        """The code of each skill by every word it goes by, case folded."""
        return {
            word.casefold(): skill.code for skill in self.skills for word in (skill.code, skill.zh, skill.en)
        }
