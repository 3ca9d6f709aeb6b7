"""The rules of the house as the operator set them: one rulebook for a whole run of the program.

Knows which setting is which rule; the defaults of both are `domain/rulebook.py`'s.
"""

from bot.settings import CategorySettings, PointsSettings, RulesSettings, Settings
from domain.rulebook import Category, PointRules, Retention, Rulebook, WorkingHours


def rulebook(settings: Settings) -> Rulebook:
    """The rulebook these settings mean; that of `Settings()` is `Rulebook()`."""
    return Rulebook(
        categories=tuple(_category(category) for category in settings.categories),
        danger_words=settings.danger_words,
        answer_hours=settings.rules.first_answer_hours.model_dump(),
        working_hours=_working_hours(settings.rules),
        time_zone=settings.community.time_zone,
        max_open_claims=settings.rules.max_open_claims,
        max_places=settings.rules.max_places,
        points=_points(settings.points),
        consent_version=settings.community.consent_version,
        retention=Retention(**settings.retention.model_dump()),
    )


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
    )
