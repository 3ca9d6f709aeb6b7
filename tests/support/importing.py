"""An import as a test carries it out: a table of texts as a CSV file, through the whole of it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from bot.importer import Importer, Report
from domain.base import Actor
from domain.imports import ExportPage, ExportRows
from domain.sheet_columns import ImportKind
from sheets.lines import Limits
from storage.unit import Store
from views import sheets
from views.catalogue import Texts

TEXTS = Texts.load()
UNITS, PEOPLE = ImportKind.UNITS, ImportKind.PEOPLE
TREE = (
    ("code", "kind", "name", "parent", "aliases"),
    ("street", "street", "安民街道", "", ""),
    ("c", "community", "幸福社区", "street", ""),
    ("b1", "building", "1号楼", "c", "红楼;一号"),
    ("b2", "building", "2号楼", "c", ""),
)


class Desk:
    """Imports and exports over one store, at an hour that does not move."""

    def __init__(self, store: Store, folder: Path, now: datetime, **limits: int) -> None:
        self.store = store
        self.now = now
        self.folder = folder
        self.importer = Importer(
            store, now=lambda: self.now, limits=Limits(**limits), rules=store.rules, texts=TEXTS
        )

    def file(self, rows: Iterable[Sequence[object]]) -> Path:
        """The rows as a CSV file."""
        path = self.folder / "sheet.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        return path

    async def brings(
        self, kind: ImportKind, rows: Iterable[Sequence[object]], *, dry_run: bool = False
    ) -> Report:
        """Import these rows, the first of which are the headings."""
        return await self.importer.carry_out(self.file(rows), kind=kind, dry_run=dry_run)

    async def founds(self) -> None:
        """A street, a community and two buildings."""
        report = await self.brings(UNITS, TREE)
        assert (report.added, report.problems) == (4, 0), report

    async def mistakes(self, kind: ImportKind, *rows: Sequence[object]) -> list[tuple[int, str, str]]:
        """What is wrong with the rows; nothing may have come of them."""
        report = await self.brings(kind, rows)
        assert report.problems == len(report.listed)
        return [(found.line, found.column, found.fault.value) for found in report.listed]

    async def exported(self, kind: ImportKind, *, chinese: bool = True) -> list[list[str]]:
        """Everything there is, as rows with headings."""
        rows = [sheets.headings(kind, chinese=chinese)]
        after: str | None = ""
        while after is not None:
            query = ExportRows(kind, 0, after, most=3)
            page: ExportPage = await self.store.read(query, Actor.system("test"), now=self.now)
            rows += [sheets.cells(row, chinese=chinese) for row in page.rows]
            after = page.next_after
        return rows


Made = Callable[..., Desk]
