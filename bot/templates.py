"""Empty sheets for the command line, as the bot gives them in chats."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.rulebook import Rulebook
from domain.sheet_columns import ImportKind
from views import imports, sheets
from views.catalogue import Texts
from views.message import Reader
from views.voice import Voice
from views.workbooks import Book


def template_of(kind: str, *, english: bool, as_csv: bool) -> Book | sheets.Table:
    """An empty sheet of "units" or "people"."""
    wanted = ImportKind(kind)
    if as_csv:
        return sheets.Table(sheets.headings(wanted, chinese=not english))
    reader = Reader("en" if english else "zh")
    return imports.template(wanted, voice=Voice(Texts.load(), reader, Rulebook(), datetime.now(UTC)))
