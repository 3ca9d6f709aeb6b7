"""A notice's report as a picture: what is drawn is what was counted, and it can be read in either language."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from struct import unpack

import pytest
from matplotlib.axes import Axes
from matplotlib.dates import num2date
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from domain.notices.shown import Fares, Report
from domain.rulebook import Rulebook
from tests.support.reporting import BEGUN, TEXTS, report, voice
from views import notice_shares
from views.notice_chart import (
    BARS,
    HEIGHT,
    LINES,
    MOST_STEPS,
    WIDTH,
    chart,
    drawable,
    drawn,
    shown_share,
    spread,
    steps,
)
from views.safe import plain

ROOT = Path(__file__).parents[2]
TWO = report(
    [
        ("1号楼", Fares(total=6, sent=4, read=2, unreachable=2)),
        ("2号楼", Fares(total=10, sent=6, read=3, failed=1, stopped=1, left=1)),
    ],
    {1: [1, 5], 2: [2, 2.5, 20]},
)


def panel(figure: Figure, name: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_label() == name)


def lines(figure: Figure) -> dict[str, Line2D]:
    return {str(line.get_gid()): line for line in panel(figure, "lines").lines}


def words(figure: Figure) -> list[str]:
    return [found.get_text() for found in figure.findobj(Text) if found.get_text()]


def bars(figure: Figure) -> dict[str, list[float]]:
    """The lengths of the bars by what they stand for; the squares of the legend are left out."""
    return {
        str(found.get_label()): [patch.get_width() for patch in found.patches]
        for found in panel(figure, "bars").containers
        if not str(found.get_label()).startswith("key:")
    }


def test_it_is_a_picture_of_the_size_that_was_promised() -> None:
    picture = chart(TWO, voice=voice())
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert unpack(">II", picture[16:24]) == (WIDTH, HEIGHT)


def test_a_line_goes_up_when_it_was_read_and_ends_at_the_share_of_now() -> None:
    found = lines(drawn(TWO, voice=voice()))
    assert set(found) == {"all", "1", "2"}
    first = found["1"]
    assert list(first.get_ydata()) == [0, 25, 50, 50]
    hours = [(num2date(at) - BEGUN) / timedelta(hours=1) for at in first.get_xdata()]
    assert hours == [0, 1, 5, 22]
    assert first.get_drawstyle() == "steps-post"
    assert list(found["all"].get_ydata()) == [0, 10, 20, 30, 40, 50, 50]


def test_a_line_ends_where_nothing_has_changed_since_and_never_after_now() -> None:
    for after, end in ((21, 21), (22, 22), (500, 22)):
        axes = panel(drawn(TWO, voice=voice(after=after)), "lines")
        assert num2date(axes.get_xlim()[1]) == BEGUN + timedelta(hours=end)


def test_each_line_has_its_name_and_its_share_beside_its_end() -> None:
    found = words(drawn(TWO, voice=voice()))
    assert {"50% 全部", "50% 1号楼", "50% 2号楼"} <= set(found)
    assert {"50% All", "50% 1号楼 (en)"} <= set(words(drawn(TWO, voice=voice("en"))))


def test_the_sums_stand_above_with_days_that_can_be_read_later() -> None:
    found = words(drawn(TWO, voice=voice()))
    assert "通知 #7 的送达和已阅 · 幸福社区" in found
    assert (
        "2026年3月2日 10:00 发出，截至 2026年3月3日 10:00：应收 16 人，送达 10 人，已阅 5 人（50%）" in found
    )


def test_in_the_first_minute_no_label_stands_twice() -> None:
    first = report([("1号楼", Fares(total=2, sent=2, read=1))], {1: [0.004]})
    axes = panel(drawn(first, voice=voice(after=0.01)), "lines")
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert len(labels) == len(set(labels)) > 2


def test_hours_are_the_communitys() -> None:
    elsewhere = voice("en", rules=Rulebook(time_zone="America/New_York"))
    axes = panel(drawn(TWO, voice=elsewhere), "lines")
    assert axes.get_xticklabels()[0].get_text() == "00:00\nMar 2"
    assert num2date(axes.get_xticks()[0]) == BEGUN + timedelta(hours=3)


def test_the_bars_part_each_building_into_read_unread_not_reached_and_not_sent() -> None:
    found = bars(drawn(TWO, voice=voice()))
    assert found == {
        "report.chart_read": pytest.approx([0.3, 2 / 6]),
        "report.chart_unread": pytest.approx([0.3, 2 / 6]),
        "report.chart_not_reached": pytest.approx([0.1, 2 / 6]),
        "report.chart_not_sent": pytest.approx([0.3, 0]),
    }
    assert {"3/10", "2/6", "没有发或待发"} <= set(words(drawn(TWO, voice=voice())))


def test_of_many_buildings_the_largest_have_lines_and_the_others_are_one_bar() -> None:
    units = [(f"{number}号楼", Fares(total=number, sent=number, read=1)) for number in range(1, 41)]
    found = drawn(report(units, {number: [1.0] for number in range(1, 41)}), voice=voice())
    assert set(lines(found)) == {"all", *(str(number) for number in range(40, 40 - LINES, -1))}
    colours = {line.get_color() for line in lines(found).values()}
    assert len(colours) == LINES + 1
    assert [len(lengths) for lengths in bars(found).values()] == [BARS] * 3
    assert {"其余 30 处", f"30/{sum(range(1, 31))}"} <= set(words(found))


def test_a_single_building_is_not_drawn_twice() -> None:
    found = drawn(report([("1号楼", Fares(total=1, sent=1, read=1))], {1: [3]}), voice=voice())
    assert set(lines(found)) == {"all"}
    assert "100% 全部" in words(found)


@pytest.mark.parametrize(
    ("sent", "wants_read", "said", "drawn_lines"),
    [
        (0, True, "还没有人收到", set()),
        (5, True, "还没有人按“已阅”", {"all"}),
        (5, False, "这条通知没有要求按“已阅”", {"all"}),
    ],
)
def test_where_there_is_nothing_to_see_it_says_why(
    sent: int, wants_read: bool, said: str, drawn_lines: set[str]
) -> None:
    units = [("1号楼", Fares(total=5, sent=sent)), ("2号楼", Fares(total=5, sent=sent))]
    found = drawn(report(units, wants_read=wants_read), voice=voice())
    assert said in words(found)
    assert set(lines(found)) == drawn_lines
    assert panel(found, "lines").get_ylim() == (0, 100)


def test_a_report_of_nobody_at_all_is_a_picture_too() -> None:
    assert chart(report([]), voice=voice(after=0))[:4] == b"\x89PNG"


def test_low_shares_have_an_axis_of_their_own_that_begins_at_nothing() -> None:
    few = report([("1号楼", Fares(total=100, sent=100, read=3))], {1: [1, 2, 3]})
    axes = panel(drawn(few, voice=voice()), "lines")
    assert axes.get_ylim() == (0, 10)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0%", "2%", "4%", "6%", "8%", "10%"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_any_name_can_be_drawn_and_none_is_a_formula(language: str) -> None:
    names = ("$x_1$", r"$\frac{1}{", "幸福里小区" * 12, "😀", "=1+1", "<b>&amp;", "", "\U0002a6a5号")
    strange = report(
        [(name, Fares(total=9, sent=9, read=1)) for name in names],
        {number: [1.0] for number in range(1, len(names) + 1)},
    )
    figure = drawn(strange, voice=voice(language))
    figure.draw_without_rendering()
    assert {"$x_1$", "$x_1$ (en)"} & set(words(figure))
    assert not any(found.get_parse_math() for found in figure.findobj(Text) if found.get_text())


def test_no_words_lie_outside_the_picture_or_on_one_another() -> None:
    units = [
        ("阳光花园小区东区" * 4 + str(number), Fares(total=50, sent=50, read=25)) for number in range(20)
    ]
    figure = drawn(report(units, {number: [1.0] * 25 for number in range(1, 21)}), voice=voice("en"))
    figure.draw_without_rendering()
    # Of a name beside a line without the stroke that leads to it.
    shown = [found for found in figure.findobj(Text) if found.get_text() and found.get_visible()]
    boxes = [Text.get_window_extent(found) for found in shown]
    assert len(boxes) > 40
    for box in boxes:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= WIDTH
        assert box.y1 <= HEIGHT
    meeting = [(a, b) for number, a in enumerate(boxes) for b in boxes[:number] if a.overlaps(b)]
    assert meeting == []


def test_every_word_of_the_picture_has_its_letters_in_the_font() -> None:
    for key in TEXTS.entries:
        if key.startswith("report."):
            for language in ("zh", "en"):
                for text in TEXTS.entries[key][language].values():
                    assert drawable(plain(text)) == plain(text)
    assert drawable("😀 1号楼 \U0002a6a5") == "1号楼 □"


def test_a_long_story_is_told_in_few_steps_and_its_end_is_exact() -> None:
    moments = [BEGUN + timedelta(seconds=number) for number in range(100_000)]
    end = BEGUN + timedelta(days=2)
    times, shares = steps(moments, 200_000, begin=BEGUN, end=end)
    assert len(times) == len(shares) <= MOST_STEPS + 2
    assert (times[0], times[-2], times[-1]) == (BEGUN, moments[-1], end)
    assert shares[-1] == shares[-2] == 50
    assert all(early <= late for early, late in pairwise(times))
    assert all(shares[place] == (moments.index(times[place]) + 1) / 2000 for place in (1, 100, 300))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([], []),
        ([10, 50], [10, 50]),
        ([50, 50, 51], [50, 55, 60]),
        ([97, 98, 100], [90, 95, 100]),
        ([0, 0], [0, 5]),
    ],
)
def test_names_are_moved_apart_and_stay_in_the_picture(wanted: list[float], found: list[float]) -> None:
    assert spread(wanted, step=5, top=100) == found


def test_pictures_can_be_asked_for_at_the_same_time() -> None:
    with ThreadPoolExecutor(3) as threads:
        made = list(threads.map(lambda _: chart(TWO, voice=voice()), range(3)))
    assert made[0] == made[1] == made[2]


def test_the_parts_of_a_sum_make_the_whole_whatever_is_odd_about_it() -> None:
    # Two of those whom nothing reached have read it in their list.
    for odd in (Fares(total=5, sent=1, read=3, unreachable=4), Fares(total=2, read=1, queued=2), Fares()):
        parts = (
            odd.read,
            notice_shares.unread(odd),
            notice_shares.not_reached(odd),
            notice_shares.not_sent(odd),
        )
        assert sum(parts) == odd.total
        assert min(parts) >= 0
    assert notice_shares.percent(Fares(total=1000, sent=1000, read=999)) == 99
    assert notice_shares.percent(Fares(total=4)) is None
    # To the nearest, but never to all or to none before it is so.
    shares = [
        notice_shares.percent(Fares(total=1000, sent=of, read=read))
        for read, of in ((4, 6), (1, 8), (1, 1000))
    ]
    assert shares == [67, 13, 1]
    assert [shown_share(100 * read / 6) for read in (0, 1, 4, 6)] == [0, 17, 67, 100]
    assert [shown_share(share) for share in (0.1, 99.9)] == [1, 99]


def test_reads_of_a_building_that_is_gone_count_among_all() -> None:
    gone = Report(TWO.card, TWO.by_unit, (*TWO.reads, (99, BEGUN + timedelta(hours=21))))
    assert lines(drawn(gone, voice=voice()))["all"].get_ydata()[-1] == 60


def test_a_start_of_the_program_loads_nothing_that_draws_or_writes_files() -> None:
    heavy = ("matplotlib", "numpy", "PIL", "openpyxl", "fpdf", "fontTools")
    program = (
        "import sys; import bot.cli, bot.app, views.notice_chart, views.notice_sheet;"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
