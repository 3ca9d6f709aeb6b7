"""The year's sheet of a unit as a workbook: who was at which meeting, and beside it what was owed and held. Long to make:
call it in a thread."""

from __future__ import annotations

from collections.abc import Iterable

from domain.meetings.duties import Owed
from domain.meetings.shown import Attendance, HeldMeeting, YearDuties
from views.meeting_duties import period
from views.safe import plain
from views.voice import Voice
from views.workbooks import Book, Share, Value

_NAME, _MEETING, _SUM = 16, 14, 10


class AttendanceBook:
    """Rows are people, columns meetings, sums at the end; people are added as they are read."""

    def __init__(self, meetings: tuple[HeldMeeting, ...], *, voice: Voice) -> None:
        self._voice = voice
        self._meetings = meetings
        sums = (
            "meeting.col_of",
            "meeting.col_here",
            "meeting.col_leave",
            "meeting.col_absent",
            "meeting.col_rate",
            "meeting.col_groups",
        )
        self._book = Book(
            self._said("meeting.col_sheet"),
            [
                self._said("report.name"),
                *(self._column(one) for one in meetings),
                *(self._said(key) for key in sums),
            ],
            widths=(_NAME, *(_MEETING,) * len(meetings), *(_SUM,) * len(sums)),
        )

    def add(self, people: Iterable[Attendance]) -> None:
        """Further people."""
        self._book.add(self._row(one) for one in people)

    def duties(self, found: YearDuties) -> None:
        """The sheet beside it. Nobody can be added after this."""
        keys = ("meeting.col_kind", "meeting.col_period", "meeting.col_planned", "meeting.col_state")
        self._book.sheet(
            self._said("meeting.col_duties"), [self._said(key) for key in keys], widths=(20, 14, 10, 12)
        )
        self._book.add(self._owed(one, found) for one in found.facts.owed)

    def content(self) -> bytes:
        """The file. Nothing can be added after this."""
        return self._book.content()

    def _said(self, key: str) -> str:
        return plain(self._voice.say(key))

    def _column(self, one: HeldMeeting) -> str:
        day = one.starts_at.astimezone(self._voice.zone)
        return f"{day:%m-%d} {plain(self._voice.term('meeting_kind', one.kind))}"

    def _row(self, one: Attendance) -> tuple[Value, ...]:
        marks = dict(one.marks)
        cells: list[Value] = []
        for meeting in self._meetings:
            if meeting.id not in marks:
                cells.append(None)
                continue
            mark = marks[meeting.id]
            key = (
                "meeting.cell_leave"
                if mark is None
                else "meeting.cell_here"
                if mark
                else "meeting.cell_absent"
            )
            cells.append(self._said(key))
        here = sum(mark is True for mark in marks.values())
        leave = sum(mark is None for mark in marks.values())
        groups = f"{one.group_here}/{one.group_of}" if one.group_of else None
        return (
            one.name,
            *cells,
            len(marks),
            here,
            leave,
            len(marks) - here - leave,
            Share(here / len(marks)) if marks else None,
            groups,
        )

    def _owed(self, one: Owed, found: YearDuties) -> tuple[Value, ...]:
        if one.count:
            state = "duty.state_held" if one.held else "duty.state_there"
        else:
            state = "duty.state_missed" if one.period.last < found.today else "duty.state_open"
        return (
            plain(self._voice.term("meeting_kind", one.kind)),
            plain(period(one.period, self._voice)),
            one.count,
            self._said(state),
        )
