"""What is made of a notice's sums for whoever looks at its report: shares, names, the whole and what is left over.

Knows how parts are counted, so that the sheet and the picture say the same; how they look is each one's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from domain.notices.shown import Fares, Report
from domain.queries import Place
from views.safe import plain
from views.voice import Voice


def had(fares: Fares) -> int:
    """Who has it. Somebody may read it in their list whom no message reached: they have it all the same."""
    return max(fares.sent, fares.read)


def unread(fares: Fares) -> int:
    """Who has it and has not read it."""
    return had(fares) - fares.read


def not_reached(fares: Fares) -> int:
    """Whom it should have reached and did not: those to be called."""
    return min(fares.failed + fares.unreachable, fares.total - had(fares))


def not_sent(fares: Fares) -> int:
    """Whom it was not sent to: who had left or muted it, whom a stop spared, and whose turn is still to come."""
    return fares.total - had(fares) - not_reached(fares)


def percent(fares: Fares) -> int | None:
    """How many in a hundred of those who have it have read it, to the nearest: 100 not before all have, 0 only while nobody
    has. None while nobody has it."""
    if not had(fares):
        return None
    if fares.read in (0, had(fares)):
        return 100 if fares.read else 0
    return min(99, max(1, (fares.read * 200 + had(fares)) // (2 * had(fares))))


def added(parts: Iterable[Fares]) -> Fares:
    """Several sums as one."""
    sums = dict.fromkeys((field.name for field in fields(Fares)), 0)
    for part in parts:
        for name in sums:
            sums[name] += getattr(part, name)
    return Fares(**sums)


def whole(report: Report) -> Fares:
    """All of it: the buildings added up, so that what stands above them agrees with them."""
    return added(one.fares for one in report.by_unit)


def named(place: Place, voice: Voice) -> str:
    """A building's name as plain words; those who live in none have a line of their own."""
    return plain(voice.place(place)) or plain(voice.say("report.no_place"))
