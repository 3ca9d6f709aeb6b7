"""A notice's report as a picture: how the share of readers grew, as lines, and how each building stands, as bars.

Knows the picture; what is counted how is ``notice_shares``'s. Each text is drawn in the house's own font, so that Chinese
comes out right where no Chinese font is installed, and never as a formula. Drawing takes about a second, the first time
two: call it in a thread.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING, Any
from unicodedata import category

from babel.dates import format_skeleton

from domain.notices.shown import Fares, Report, UnitFares
from views.catalogue import LOCALES
from views.fonts import FONT_FILE
from views.notice_shares import added, had, named, not_reached, not_sent, percent, unread, whole
from views.safe import ELLIPSIS, plain
from views.voice import Voice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

LINES = 8
"""Buildings that have a line of their own, the largest first."""
BARS = 11
"""Rows of bars for which there is room; where there are more buildings, the last row is the others together."""
WIDTH, HEIGHT, DPI = 1000, 700, 100
"""Pixels, and how many of them an inch has."""
MOST_STEPS = 400
"""Steps of a line: more cannot be told apart at this width."""
CEILINGS = (10, 25, 50, 100)
"""Where the axis of shares may end, in per cent: low shares would otherwise all lie on its floor."""

INK, GREY, PALE = "#222222", "#6e6e6e", "#e2e2e2"
# Paul Tol's "muted" scheme, made to be told apart by colour-blind readers. Source: https://sronpersonalpages.nl/~pault/
COLOURS = ("#332288", "#44aa99", "#cc6677", "#ddcc77", "#88ccee", "#117733", "#aa4499", "#999933")
# Blue, sand and brick differ in lightness too, so that they stay apart in a black and white print.
READ, UNREAD, NOT_REACHED, NOT_SENT = "#1f6f9f", "#f1d394", "#b5504a", "#d9d9d9"

_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 452, 566, 54
"""The frame of the lines, in pixels from the lower left corner."""
_LABEL_ROOM = 146
_BARS_LEFT, _BARS_RIGHT = 646, 974
_ROW = 62
"""The height of a row of bars where there are few."""
_LABEL_STEP = 19
_SHORTEST = timedelta(minutes=1)
_BOX = "□"
_DRAWING = Lock()


def chart(report: Report, *, voice: Voice) -> bytes:
    """The picture as a PNG of ``WIDTH`` x ``HEIGHT``."""
    file = io.BytesIO()
    # What draws promises nothing about threads, and one picture at a time is enough for any machine.
    with _DRAWING:
        drawn(report, voice=voice).savefig(file, format="png", metadata={"Software": "Linli"})
    return file.getvalue()


def drawn(report: Report, *, voice: Voice) -> Figure:
    """The picture, to be saved."""
    # Loading it takes a second or two and 40 MB: only who asks for a picture pays for that.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
    pen = _Pen(FigureCanvasAgg(figure), voice)
    units = sorted(report.by_unit, key=lambda one: -one.fares.total)
    _head(figure, pen, report)
    lines = figure.add_axes(_box(_LEFT, _BOTTOM, _RIGHT, _TOP), label="lines")
    _draw_lines(lines, pen, report, units[:LINES] if len(units) > 1 else [])
    bars = figure.add_axes(_box(_BARS_LEFT, _BOTTOM - 24, _BARS_RIGHT, _TOP + 6), label="bars")
    _draw_bars(bars, pen, _rows(units, pen))
    return figure


def _box(left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
    return left / WIDTH, bottom / HEIGHT, (right - left) / WIDTH, (top - bottom) / HEIGHT


class _Pen:
    """Words in one reader's language and the house's font."""

    def __init__(self, canvas: Any, voice: Voice) -> None:
        from matplotlib.font_manager import FontProperties

        self.voice = voice
        self._renderer = canvas.get_renderer()
        self._font: Callable[..., FontProperties] = FontProperties

    def said(self, key: str, **params: Any) -> str:
        """A text of the catalogue as it can be drawn."""
        return drawable(plain(self.voice.say(key, **params)))

    def _properties(self, size: float) -> FontProperties:
        return self._font(fname=str(FONT_FILE), size=size)

    def style(self, size: float, colour: str = INK) -> dict[str, Any]:
        """How a text is to be drawn. A name with two "$" in it is a name, not a formula."""
        return {"fontproperties": self._properties(size), "color": colour, "parse_math": False}

    def width(self, text: str, size: float) -> float:
        """Pixels."""
        return float(self._renderer.get_text_width_height_descent(text, self._properties(size), False)[0])

    def fitted(self, text: str, size: float, *, room: float) -> str:
        """As much of ``text`` as has room, in pixels. It is cut in the middle: neighbours' names differ at their ends."""
        shown, kept = text, len(text)
        while kept and self.width(shown, size) > room:
            kept -= 1
            shown = text[: -(-kept // 2)].rstrip() + ELLIPSIS + text[len(text) - kept // 2 :].lstrip()
        return shown

    def moment(self, moment: datetime) -> str:
        """A picture is passed on and looked at later: no "today" in it."""
        local = moment.astimezone(self.voice.zone)
        return f"{self.voice.written_day(local.date())} {local:%H:%M}"


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    from matplotlib.font_manager import get_font

    return frozenset(get_font(FONT_FILE).get_charmap())


def drawable(text: str) -> str:
    """``text`` as the font has it: a rare letter becomes an empty box, emoji and the like are left out."""
    shown = (
        letter if ord(letter) in _letters() else _BOX if category(letter).startswith("L") else ""
        for letter in text
    )
    return " ".join("".join(shown).split())


def _name(one: UnitFares, pen: _Pen) -> str:
    return drawable(named(one.place, pen.voice)) or ELLIPSIS


# --- above both -----------------------------------------------------------------------------------------------------------


def _head(figure: Figure, pen: _Pen, report: Report) -> None:
    fares, notice = whole(report), report.card.notice
    share = percent(fares)
    title = pen.said("report.chart_title", number=notice.id, place=pen.voice.place(report.card.place))
    words = pen.said(
        "report.chart_whole" if share is None else "report.chart_whole_read",
        begun=pen.moment(notice.begun_at or notice.created_at),
        now=pen.moment(pen.voice.now),
        total=fares.total,
        sent=had(fares),
        read=fares.read,
        percent=share,
    )
    for text, size, y, colour in ((title, 16, 662, INK), (words, 10.5, 630, GREY)):
        fitted = pen.fitted(text, size, room=WIDTH - 2 * 26)
        figure.text(26 / WIDTH, y / HEIGHT, fitted, va="center", **pen.style(size, colour))
    for x, key in ((26, "report.chart_over_time"), (_BARS_LEFT, "report.chart_by_place")):
        figure.text(x / WIDTH, 592 / HEIGHT, pen.said(key), va="center", **pen.style(11.5))


# --- lines ----------------------------------------------------------------------------------------------------------------


def steps(
    moments: Sequence[datetime], of: int, *, begin: datetime, end: datetime
) -> tuple[list[datetime], list[float]]:
    """When a share of ``of`` reached how many per cent, from ``begin`` to ``end``, in at most about ``MOST_STEPS`` steps.

    ``moments``: in their order.
    """
    every = -(-len(moments) // MOST_STEPS) or 1
    kept = [*range(every, len(moments), every), len(moments)] if moments else []
    times = [begin, *(max(begin, moments[count - 1]) for count in kept), end]
    shares = [0.0, *(100 * count / of for count in kept)]
    return times, [*shares, shares[-1]]


def _span(report: Report, voice: Voice) -> tuple[datetime, datetime]:
    """From its sending to now, or to a while after it was last read, when nothing has changed since; a minute at least."""
    notice = report.card.notice
    begin = notice.begun_at or notice.created_at
    if not report.reads:
        return begin, max(voice.now, begin + _SHORTEST)
    last = max(at for _, at in report.reads)
    settled = last + max((last - begin) / 10, timedelta(minutes=30))
    return begin, max(min(voice.now, settled), last, begin + _SHORTEST)


def _draw_lines(axes: Axes, pen: _Pen, report: Report, units: Sequence[UnitFares]) -> None:
    from matplotlib.dates import date2num

    begin, end = _span(report, pen.voice)
    moments: dict[int, list[datetime]] = defaultdict(list)
    reads = sorted(report.reads, key=itemgetter(1))
    for unit_id, at in reads:
        moments[unit_id].append(at)
    everyone, fares = [at for _, at in reads], whole(report)
    drawn_ones = [("all", pen.said("report.chart_line_all"), everyone, fares, INK)]
    if everyone:
        drawn_ones += [
            (str(one.unit_id), _name(one, pen), moments[one.unit_id], one.fares, colour)
            for one, colour in zip(units, COLOURS, strict=False)
            if had(one.fares)
        ]
    ends: list[tuple[float, str, str]] = []
    # The largest last: it lies on top. The whole lies on top of all.
    for gid, name, times, of, colour in reversed(drawn_ones):
        if not had(of):
            continue
        xs, ys = steps(times, max(had(of), len(times)), begin=begin, end=end)
        thick = 2.8 if gid == "all" else 1.7
        axes.plot(
            [date2num(at) for at in xs],
            ys,
            drawstyle="steps-post",
            color=colour,
            linewidth=thick,
            gid=gid,
            clip_on=False,
        )
        ends.append((ys[-1], name, colour))
    highest = max((share for share, _, _ in ends), default=0) or 100
    top = next((ceiling for ceiling in CEILINGS if ceiling >= 1.1 * highest), CEILINGS[-1])
    _frame(axes, pen, begin=begin, end=end, top=top)
    _label(axes, pen, ends, end=end, top=top)
    if missing := _missing(report, fares):
        axes.text(0.5, 0.5, pen.said(missing), transform=axes.transAxes, ha="center", **pen.style(12, GREY))


def _missing(report: Report, fares: Fares) -> str:
    """Why there is no line to be seen."""
    if not had(fares):
        return "report.chart_nobody_has_it"
    if report.reads:
        return ""
    return "report.chart_nobody_read" if report.card.notice.wants_read else "report.chart_not_asked"


def _frame(axes: Axes, pen: _Pen, *, begin: datetime, end: datetime, top: int) -> None:
    from matplotlib.dates import AutoDateLocator, date2num, num2date

    axes.set_xlim(date2num(begin), date2num(end))
    axes.set_ylim(0, top)
    zone = pen.voice.zone
    found = AutoDateLocator(tz=zone, minticks=3, maxticks=6).tick_values(
        begin.astimezone(zone), end.astimezone(zone)
    )
    ticks = [num2date(at, tz=zone) for at in found if date2num(begin) <= at <= date2num(end)]
    axes.set_xticks([date2num(tick) for tick in ticks], list(_dated(ticks, pen.voice)), **pen.style(9, GREY))
    shares = range(0, top + 1, max(top // 5, 1) if top != 25 else 5)
    axes.set_yticks(list(shares), [f"{share}%" for share in shares], **pen.style(9, GREY))
    axes.tick_params(length=0, pad=6)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GREY)


def _dated(ticks: Sequence[datetime], voice: Voice) -> Iterator[str]:
    """Hours, with the day under the first of each day; days alone where all are midnights, seconds where minutes repeat."""
    language = "zh" if voice.chinese else "en"
    days_only = all((tick.hour, tick.minute) == (0, 0) for tick in ticks)
    clock = "%H:%M:%S" if any(tick.second for tick in ticks) else "%H:%M"
    before = None
    for tick in ticks:
        day = format_skeleton("MMMd", tick, locale=LOCALES[language])
        if days_only:
            yield day
        else:
            yield f"{tick:{clock}}" if day == before else f"{tick:{clock}}\n{day}"
        before = day


def spread(wanted: Sequence[float], *, step: float, top: float) -> list[float]:
    """Places near ``wanted`` (rising), at least ``step`` apart, none above ``top`` if there is room for all below it."""
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + step) if places else place)
    limit = top
    for number in reversed(range(len(places))):
        places[number] = min(places[number], limit)
        limit = places[number] - step
    return places


def shown_share(share: float) -> int:
    """A share of the lines in whole per cent, to the nearest; 0 and 100 only where they are just that."""
    if share <= 0 or share >= 100 - 1e-9:
        return round(share)
    return min(99, max(1, int(share + 0.5)))


def _label(axes: Axes, pen: _Pen, ends: Sequence[tuple[float, str, str]], *, end: datetime, top: int) -> None:
    """Each line's name and share at its end."""
    from matplotlib.dates import date2num

    ordered = sorted(ends)
    places = spread([share for share, _, _ in ordered], step=_LABEL_STEP * top / (_TOP - _BOTTOM), top=top)
    for (share, name, colour), place in zip(ordered, places, strict=True):
        text = f"{shown_share(share)}% {name}"
        axes.annotate(
            pen.fitted(text, 9.5, room=_LABEL_ROOM),
            xy=(date2num(end), share),
            xytext=(_RIGHT + 24 - _LEFT, place * (_TOP - _BOTTOM) / top),
            textcoords="axes pixels",
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 1.2,
                "relpos": (0, 0.5),
                "shrinkA": 0,
                "shrinkB": 0,
            },
            **pen.style(9.5),
        )


# --- bars -----------------------------------------------------------------------------------------------------------------


def _rows(units: Sequence[UnitFares], pen: _Pen) -> list[tuple[str, Fares]]:
    rows = [(_name(one, pen), one.fares) for one in units]
    if len(rows) <= BARS:
        return rows
    rest = rows[BARS - 1 :]
    name = pen.said("report.chart_rest", count=len(rest))
    return [*rows[: BARS - 1], (name, added(fares for _, fares in rest))]


def _draw_bars(axes: Axes, pen: _Pen, rows: Sequence[tuple[str, Fares]]) -> None:
    """Each bar as long as the next: how many there are stands beside its name."""
    height = axes.get_window_extent().height
    width = axes.get_window_extent().width
    axes.set_xlim(0, 1)
    axes.set_ylim(height, 0)
    axes.axis("off")
    step = min(_ROW, (height - 34) / max(len(rows), 1))
    tops = [40 + number * step for number in range(len(rows))]
    at = 0.0
    lefts = [0.0] * len(rows)
    for key, colour, counted in (
        ("report.chart_read", READ, lambda fares: fares.read),
        ("report.chart_unread", UNREAD, unread),
        ("report.chart_not_reached", NOT_REACHED, not_reached),
        ("report.chart_not_sent", NOT_SENT, not_sent),
    ):
        parts = [counted(fares) / fares.total if fares.total else 0.0 for _, fares in rows]
        if counted is not_sent and not any(parts):
            continue
        axes.barh(
            [top + 17 for top in tops], parts, left=lefts, height=11, color=colour, linewidth=0, label=key
        )
        lefts = [left + part for left, part in zip(lefts, parts, strict=True)]
        text = pen.said(key)
        axes.barh([8], [10 / width], left=[at / width], height=10, color=colour, label=f"key:{key}")
        axes.text((at + 15) / width, 8, text, va="center", **pen.style(9, GREY))
        at += 15 + pen.width(text, 9) + 14
    for top, (name, fares) in zip(tops, rows, strict=True):
        count = f"{fares.read}/{fares.total}"
        room = width - pen.width(count, 9.5) - 12
        axes.text(0, top, pen.fitted(name, 9.5, room=room), va="center", **pen.style(9.5))
        axes.text(1, top, count, va="center", ha="right", **pen.style(9.5, GREY))
