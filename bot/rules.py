"""The rules of the house as the operator set them: one rulebook for a whole run of the program.

Knows which setting is which rule; the defaults of both are `domain/rulebook.py`'s.
"""

from datetime import date

from bot.calendars import calendars
from bot.settings import CategorySettings, NoticesSettings, PointsSettings, RulesSettings, Settings
from domain.rulebook import (
    Category,
    DeadlineRules,
    DigestRules,
    MeetingRules,
    NoticeKind,
    NoticeRules,
    PointRules,
    Retention,
    Rulebook,
    Skill,
    StudyRules,
    Tag,
    WorkingHours,
)


def rulebook(settings: Settings, *, today: date | None = None) -> Rulebook:
    """The rulebook these settings mean; that of `Settings()` is `Rulebook()`.

    With `today` it knows the public holidays around that day; who computes no deadline can do without, and starts
    sooner. Raises SettingsError for a calendar that cannot be had.
    """
    return Rulebook(
        categories=tuple(_category(category) for category in settings.categories),
        danger_words=settings.danger_words,
        answer_hours=settings.rules.first_answer_hours.model_dump(),
        working_hours=_working_hours(settings.rules),
        time_zone=settings.community.time_zone,
        calendar=settings.community.calendar,
        calendars={} if today is None else calendars(settings.community, today=today),
        max_open_claims=settings.rules.max_open_claims,
        max_places=settings.rules.max_places,
        points=_points(settings.points),
        skills=tuple(Skill(**skill.model_dump()) for skill in settings.community.skills),
        checkin_months=settings.rules.checkin_months,
        consent_version=settings.community.consent_version,
        retention=Retention(**settings.retention.model_dump()),
        tags=tuple(Tag(**tag.model_dump()) for tag in settings.people.tags),
        notices=_notices(settings.notices),
        digests=DigestRules(**settings.digests.model_dump()),
        deadlines=DeadlineRules(**settings.deadlines.model_dump()),
        study=StudyRules(**settings.study.model_dump()),
        meetings=MeetingRules(**settings.meetings.model_dump()),
    )


def _notices(notices: NoticesSettings) -> NoticeRules:
    kinds = tuple(NoticeKind(**kind.model_dump()) for kind in notices.kinds)
    return NoticeRules(**{**notices.model_dump(), "kinds": kinds})


def _category(category: CategorySettings) -> Category:
    return Category(**category.model_dump())


def _working_hours(rules: RulesSettings) -> WorkingHours:
    office = rules.office
    return WorkingHours(opens=office.opens, closes=office.closes, weekdays=frozenset(office.weekdays))


def _points(points: PointsSettings) -> PointRules:
    return PointRules(
        version=points.version,
        weights=dict(points.per_hour),
        factors=dict(points.rating_factor),
        rounding=points.rounding_minutes,
        task_hours=points.task_hours,
        day_hours=points.day_hours,
        home_week_hours=points.home_week_hours,
    )
