"""How things are named to one reader: places, kinds, days, points, in their language and the community's time.

Knows language and form, not occasions: which text is said when is in the modules by noun.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from babel.numbers import format_decimal

from domain.base import Scalar
from domain.queries import Page, Place, Words
from domain.rulebook import Category, NoticeKind, Rulebook, Skill, Tag
from views.catalogue import LOCALES, Texts
from views.message import Button, Keyboard, Reader
from views.safe import Html, line, plain, words

_DAY_WORDS = {-1: "day.yesterday", 0: "day.today", 1: "day.tomorrow"}
_NOTE = "note"
_SKILL = "skill"


@dataclass(frozen=True, slots=True)
class Voice:
    """One reader's way of being spoken to at one moment (``now``, aware)."""

    texts: Texts
    reader: Reader
    rules: Rulebook
    now: datetime

    @property
    def chinese(self) -> bool:
        """Whether the reader reads Chinese: everyone who does not read English."""
        return self.reader.language != "en"

    def say(self, key: str, **params: Any) -> Html:
        """The text of ``key``; see ``Texts.say``. A skill among the parameters comes as its code and is named."""
        code = params.get(_SKILL)
        if isinstance(code, str) and not isinstance(code, Html):
            params[_SKILL] = self.skill(code)
        return self.texts.say(self.reader.language, key, **params)

    def term(self, family: str, value: object) -> Html:
        """The word for one value of a family of keys (``families.py``): ``term("state.request", state)``."""
        return self.say(f"{family}.{value}")

    def note(self, params: Mapping[str, Scalar]) -> Html:
        """The words that ``params`` ask to be said first, or nothing."""
        key = params.get(_NOTE)
        if not isinstance(key, str) or key not in self.texts:
            return Html("")
        return self.say(key, **{name: value for name, value in params.items() if name != _NOTE})

    def on_top(self, params: Mapping[str, Scalar]) -> Html:
        """The same as the line on top of a card."""
        note = self.note(params)
        return Html(f"<b>{note}</b>" if note else "")

    def button(self, key: str, verb: str, subject: int, argument: object = None, **params: Any) -> Button:
        """A button labelled by ``key``: ``button("button.claim", "task.claim", 9, 1)``."""
        return Button(plain(self.say(key, **params)), press(verb, subject, argument))

    # --- names of things ---------------------------------------------------------------------------------------

    def place(self, place: Place) -> Html:
        """A unit's name; the Chinese one where there is no English."""
        return line(place.zh if self.chinese or not place.en else place.en, limit=60)

    def category(self, code: str) -> Html:
        """A category's name; its code when the configuration no longer knows it."""
        if code == "visit":
            return self.say("task.visit")
        return self._named(self.rules.category(code), code)

    def skill(self, code: str) -> Html:
        """A skill's name; its code when the configuration no longer knows it."""
        return self._named(self.rules.skill(code), code)

    def tag(self, code: str) -> Html:
        """A tag's name; its code when the configuration no longer knows it."""
        return self._named(self.rules.tag(code), code)

    def notice_kind(self, code: str) -> Html:
        """What a notice is about; the code when the configuration no longer knows it."""
        return self._named(self.rules.notices.kind(code), code)

    def _named(self, found: Category | Skill | Tag | NoticeKind | None, code: str) -> Html:
        return line(code if found is None else found.zh if self.chinese else found.en, limit=60)

    def points(self, hundredths: int) -> Html:
        """Points out of hundredths: 1250 is "12.5"."""
        return Html(format_decimal(Decimal(hundredths) / 100, locale=LOCALES[self._language]))

    def span(self, minutes: int) -> Html:
        """A length of time in hours and minutes."""
        hours, rest = divmod(minutes, 60)
        parts = ([self.say("span.hours", count=hours)] if hours else []) + (
            [self.say("span.minutes", count=rest)] if rest or not hours else []
        )
        return Html(" ".join(parts))

    # --- days and times ----------------------------------------------------------------------------------------

    @property
    def zone(self) -> ZoneInfo:
        """The community's time zone."""
        return ZoneInfo(self.rules.time_zone)

    @property
    def today(self) -> date:
        """The day it is in the community."""
        return self._local(self.now).date()

    def day(self, day: date) -> Html:
        """Today, tomorrow, yesterday, or the date with its day of the week; the year only when it is another."""
        return self._near(day) or Html(self._dated(day))

    def written_day(self, day: date) -> Html:
        """A day as papers have it: with its year, whatever day it is today."""
        return Html(_written(day, language=self._language, skeleton="yMMMd"))

    def local_day(self, moment: datetime) -> date:
        """The community's day at an instant."""
        return self._local(moment).date()

    def when(self, moment: datetime) -> Html:
        """Day and time: "今天 14:30", "11月26日（周四）14:30", "Thu, Nov 26, 14:30"."""
        local = self._local(moment)
        if near := self._near(local.date()):
            return Html(f"{near} {self.time(moment)}")
        return Html(f"{self._dated(local.date())}{'' if self.chinese else ', '}{self.time(moment)}")

    def time(self, moment: datetime) -> Html:
        """The time alone, where the day is said beside it."""
        return Html(f"{self._local(moment):%H:%M}")

    def _near(self, day: date) -> Html:
        word = _DAY_WORDS.get((day - self.today) // timedelta(days=1))
        return self.say(word) if word is not None else Html("")

    def _dated(self, day: date) -> str:
        skeleton = "MMMd" if day.year == self.today.year else "yMMMd"
        if not self.chinese:
            return _written(day, language="en", skeleton=skeleton.replace("d", "Ed"))
        weekday = _written(day, language="zh", skeleton="E")
        return f"{_written(day, language='zh', skeleton=skeleton)}（{weekday}）"

    # --- pieces of cards ---------------------------------------------------------------------------------------

    def quote(self, said: Words, *, limit: int = 900) -> Html:
        """Somebody's words set apart, with a line for the pictures and voices among them."""
        shown = words(said.text, limit=limit)
        lines = [f"<blockquote>{shown}</blockquote>"] if shown else []
        if said.parts:
            lines.append(self.say("words.parts", count=said.parts))
        return Html("\n".join(lines))

    def pages(self, page: Page[Any], verb: str) -> Keyboard:
        """The row of buttons that turns pages, if there is more than one."""
        row = []
        if page.page > 1:
            row.append(self.button("button.page_before", verb, page.page - 1))
        if page.page < page.pages:
            row.append(self.button("button.page_after", verb, page.page + 1))
        return (tuple(row),) if row else ()

    @property
    def _language(self) -> str:
        return "zh" if self.chinese else "en"

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)


# Babel reads its patterns anew for each date, which costs more than all the rest of a card.
@lru_cache(maxsize=1024)
def _written(day: date, *, language: str, skeleton: str) -> str:
    # A date alone has no zone; midnight of no zone is that date in every one of them.
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001
    return format_skeleton(skeleton, midnight, locale=LOCALES[language])


def press(verb: str, subject: int, argument: object = None) -> str:
    """Callback data: ``<feature>.<verb>:<id>[:<argument>]``."""
    return f"{verb}:{subject}" if argument is None else f"{verb}:{subject}:{argument}"


def block(*lines: str) -> Html:
    """Lines under one another; empty ones fall out."""
    return Html("\n".join(part for part in lines if part))


def card(*blocks: str) -> Html:
    """Blocks with an empty line between; empty ones fall out."""
    return Html("\n\n".join(part for part in blocks if part))


def rows(buttons: Iterable[Button], *, width: int) -> Keyboard:
    """Buttons in rows of at most ``width``."""
    all_of_them = tuple(buttons)
    return tuple(all_of_them[start : start + width] for start in range(0, len(all_of_them), width))
