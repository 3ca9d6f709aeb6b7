"""Paper: A4 pages as PDF, with the letters in them, so that Chinese prints right where no Chinese font is installed.

Knows the page, the font and the house's colours; what stands on a page is said by who makes it. Only the letters
of the font (``views/fonts``) that are used go into a file.
"""

from __future__ import annotations

from collections.abc import Sequence

from fpdf import FPDF
from fpdf.enums import WrapMode, XPos, YPos
from fpdf.fonts import TTFFont

from views.fonts import FONT_FILE

_FONT = "house"

RED = (180, 38, 32)
INK = (34, 34, 34)
GREY = (110, 110, 110)
WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 22.0
"""Millimetres."""


class Paper:
    """A file that grows page by page. ``y`` is how far down the present page the next line stands, in millimetres."""

    def __init__(self, *, title: str) -> None:
        self._pdf = FPDF(format="A4", unit="mm")
        self._pdf.set_auto_page_break(auto=False)
        self._pdf.set_margin(MARGIN)
        self._pdf.add_font(_FONT, "", FONT_FILE)
        self._pdf.set_title(title)
        self._pdf.set_creator("Linli")

    @property
    def pages(self) -> int:
        """How many pages there are so far."""
        return int(self._pdf.page)

    @property
    def y(self) -> float:
        """Where the next line stands."""
        return float(self._pdf.get_y())

    def page(self, *, top: float = MARGIN) -> None:
        """Begin a page."""
        self._pdf.add_page()
        self._pdf.set_y(top)

    def line(
        self,
        text: str,
        *,
        size: float,
        colour: tuple[int, int, int] = INK,
        align: str = "C",
        leading: float = 1.35,
        least: float = 9,
    ) -> None:
        """Words on as many lines as they need; a size in points that shrinks to ``least`` before a word is broken."""
        pdf = self._pdf
        room = WIDTH - 2 * MARGIN
        while size > least and max(self._width(part, size) for part in text.split("\n")) > room * 2:
            size -= 1
        pdf.set_font(_FONT, size=size)
        pdf.set_text_color(*colour)
        if "\n" not in text and self._width(text, size) < room:
            # Most lines are one line, and finding no place to break one takes several times as long as writing it.
            pdf.cell(0, size * 0.3528 * leading, text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            return
        pdf.multi_cell(
            0,
            size * 0.3528 * leading,
            text,
            align=align,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
            wrapmode=WrapMode.CHAR if _is_chinese(text) else WrapMode.WORD,
        )

    def _width(self, text: str, size: float) -> float:
        self._pdf.set_font(_FONT, size=size)
        return float(self._pdf.get_string_width(text))

    def gap(self, millimetres: float) -> None:
        """Leave some room."""
        self._pdf.set_y(self.y + millimetres)

    def down_to(self, y: float) -> None:
        """Go on at ``y``."""
        self._pdf.set_y(y)

    def band(self, *, top: float, height: float, colour: tuple[int, int, int] = RED) -> None:
        """A coloured bar from edge to edge."""
        self._pdf.set_fill_color(*colour)
        self._pdf.rect(0, top, WIDTH, height, style="F")

    def squares(self, rows: Sequence[Sequence[int]], *, left: float, top: float, size: float) -> None:
        """A pattern of dark squares, such as a QR code: drawn as areas, so that it stays sharp at any size."""
        pdf, step = self._pdf, size / len(rows)
        pdf.set_fill_color(0, 0, 0)
        for number, row in enumerate(rows):
            start: int | None = None
            for column, dark in enumerate([*row, 0]):
                if dark and start is None:
                    start = column
                elif not dark and start is not None:
                    # A hair wider, or thin white lines show between the rows on some screens.
                    pdf.rect(
                        left + start * step,
                        top + number * step,
                        (column - start) * step + 0.02,
                        step + 0.02,
                        style="F",
                    )
                    start = None

    def finished(self) -> bytes:
        """The file. Nothing can be added afterwards."""
        try:
            return bytes(self._pdf.output())
        finally:
            # The font's file stays open for its letters until then.
            for font in self._pdf.fonts.values():
                if isinstance(font, TTFFont):
                    font.close()


def _is_chinese(text: str) -> bool:
    """Whether a line may be broken between any two characters."""
    return any("\u3400" <= character <= "\u9fff" for character in text)


def letter(title: str, lines: Sequence[str], *, footer: str = "") -> bytes:
    """A document of one heading and some paragraphs, on as many pages as it needs."""
    paper = Paper(title=title)
    paper.page(top=32)
    paper.line(title, size=22, colour=RED)
    paper.gap(10)
    for paragraph in lines:
        if paper.y > HEIGHT - 40:
            paper.page()
        paper.line(paragraph or " ", size=12, align="L", leading=1.7)
        paper.gap(1.5)
    if footer:
        paper.down_to(max(paper.y + 8, HEIGHT - 28))
        paper.line(footer, size=9, colour=GREY)
    return paper.finished()
