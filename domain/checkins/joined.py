"""The political birthday: the day a member joined the Party, and the greeting on it. Source: docs/rules.md §9."""

from __future__ import annotations

from calendar import isleap
from dataclasses import replace
from datetime import date, datetime

from domain.base import Actor, Decision, Notice, Refused, ToPerson
from domain.checkins.shapes import CheckinCase, CheckinState, GreetMember, TellJoined
from domain.checkins.shared import cards, event_of
from domain.clocks import local_day
from domain.lanes import Lane
from domain.rulebook import Rulebook

FOUNDED = date(1921, 7, 1)
"""Nobody joined before there was a Party."""


def joined_days(today: date) -> tuple[date, ...]:
    """The days in earlier years whose anniversary is today: the 29th of February is kept on the 28th in common years.

    >>> [day.isoformat() for day in joined_days(date(2026, 2, 28))][-4:]
    ['2023-02-28', '2024-02-28', '2024-02-29', '2025-02-28']
    """
    days = [(today.month, today.day)]
    if (today.month, today.day) == (2, 28) and not isleap(today.year):
        days.append((2, 29))
    return tuple(
        date(year, month, day)
        for year in range(FOUNDED.year, today.year)
        for month, day in days
        if (month, day) != (2, 29) or isleap(year)
    )


def tell(case: CheckinCase, action: TellJoined, *, actor: Actor, now: datetime, rules: Rulebook) -> Decision:
    """One's own to tell and to take back. Only while one serves here."""
    checkin = case.checkin
    if checkin is None or checkin.state is not CheckinState.APPROVED or case.serving(now) is None:
        raise Refused("checkin.not_in_force")
    if action.joined_on is not None and not FOUNDED <= action.joined_on <= local_day(now, rules):
        raise Refused("checkin.joined_wrong")
    told = replace(checkin, joined_on=action.joined_on)
    return Decision(
        saves=(told,),
        events=(event_of("checkin.changed", told),),
        refreshes=cards(told),
        result={"checkin_id": told.id},
    )


def greet(
    case: CheckinCase, action: GreetMember, *, actor: Actor, now: datetime, rules: Rulebook
) -> Decision:
    """On the day, while they serve here. Changes nothing where it is not their day any more."""
    checkin, today = case.checkin, local_day(now, rules)
    if checkin is None or checkin.joined_on not in joined_days(today) or case.serving(now) is None:
        return Decision()
    years = today.year - checkin.joined_on.year
    return Decision(
        events=(event_of("checkin.greeted", checkin),),
        notices=(
            Notice(
                ToPerson(checkin.person_id),
                "checkin.greeting",
                checkin.id,
                {"count": years},
                lane=Lane.REMINDER,
            ),
        ),
    )
