"""Imports as people read them: the card of one from its file to its end, what is wrong with a sheet, and templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from domain.base import Scalar
from domain.imports import ImportFacts, ImportState
from domain.sheet_columns import COLUMNS, ImportKind, Problem
from views import sheets
from views.message import Button, Keyboard, Message, Upload
from views.safe import Html, line, plain
from views.voice import Voice, block, card, press

if TYPE_CHECKING:
    from views.workbooks import Book

SHOWN = 12
"""Mistakes that a message lists; the copy of the sheet has all of them."""
_FACTOR = 100


def import_card(params: Mapping[str, Scalar], facts: ImportFacts, voice: Voice) -> Message:
    """How an import stands, and its buttons while it waits for a yes."""
    name = line(facts.name, limit=60) or voice.term("import.kind", facts.kind)
    what = voice.term("import.kind", facts.kind)
    match facts.state:
        case ImportState.STAGING:
            text = voice.say("import.reading", name=name, count=facts.done) if facts.done else ""
            return Message(text or voice.say("import.received", name=name))
        case ImportState.CHECKED:
            counts = {"added": facts.added, "changed": facts.changed, "count": facts.rows}
            return Message(
                card(
                    voice.say("import.checked", name=name, what=what, **counts),
                    voice.say("import.confirm_or_cancel" if _does_anything(facts) else "import.nothing_new"),
                ),
                keyboard=_decide(facts, voice),
            )
        case ImportState.APPLYING:
            share = min(99, facts.done * _FACTOR // max(1, facts.added))
            return Message(voice.say("import.applying", name=name, share=share))
        case ImportState.LIVE:
            return Message(
                voice.say("import.live", name=name, what=what, added=facts.added, changed=facts.changed)
            )
        case _:
            key = "import.faulty" if facts.problems else "import.dropped"
            return Message(voice.say(key, name=name, count=facts.problems))


def _does_anything(facts: ImportFacts) -> bool:
    return bool(facts.added or facts.changed)


def _decide(facts: ImportFacts, voice: Voice) -> Keyboard:
    yes = (
        (voice.button("button.import_confirm", "import.confirm", facts.id),) if _does_anything(facts) else ()
    )
    return ((*yes, voice.button("button.import_cancel", "import.cancel", facts.id)),)


def refused(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """Why a file was not taken."""
    return Message(refusal(str(params["key"]), params, voice=voice))


def refusal(key: str, params: Mapping[str, Scalar], *, voice: Voice) -> Html:
    """Why a file was not taken, as a sentence. Columns are named in the reader's language."""
    said: dict[str, object] = {name: value for name, value in params.items() if name not in ("key", "kind")}
    if "columns" in params:
        kind = ImportKind(str(params["kind"]))
        said["columns"] = _comma(voice).join(
            column_name(kind, column, voice=voice) for column in str(params["columns"]).split(",")
        )
    return voice.say(key, **said)


def _comma(voice: Voice) -> str:
    return plain(voice.say("list.comma"))


def column_name(kind: ImportKind, key: str, *, voice: Voice) -> str:
    """A column as the template calls it."""
    return next(
        (column.zh if voice.chinese else column.key for column in COLUMNS[kind] if column.key == key), key
    )


def mistake(kind: ImportKind, problem: Problem, *, voice: Voice) -> Html:
    """What is wrong with a cell, and the mend."""
    return Html(voice.say(f"import.fault.{problem.fault}", **problem.params))


def told(kind: ImportKind, problem: Problem, *, voice: Voice) -> Html:
    """The same with its place."""
    return voice.say(
        "import.at",
        line=problem.line,
        column=column_name(kind, problem.column, voice=voice),
        mistake=mistake(kind, problem, voice=voice),
    )


def beside(kind: ImportKind, problems: Iterable[Problem], *, voice: Voice) -> str:
    """All that is wrong with a row, for the column beside it."""
    return plain(
        "；".join(
            f"{column_name(kind, problem.column, voice=voice)}: {mistake(kind, problem, voice=voice)}"
            for problem in problems
        )
    )


def faulty(
    kind: ImportKind,
    listed: Sequence[Problem],
    *,
    count: int,
    unknown: Sequence[str],
    upload: Upload | None,
    voice: Voice,
) -> Message:
    """What is wrong with a sheet: the first mistakes in words, all of them in its copy."""
    return Message(
        card(
            voice.say("import.mistakes", count=count),
            block(*(told(kind, problem, voice=voice) for problem in listed[:SHOWN])),
            ignored(unknown, voice=voice),
            voice.say("import.mend"),
        ),
        upload=upload,
    )


def ignored(unknown: Sequence[str], *, voice: Voice) -> Html:
    """Which columns were not read, or nothing."""
    if not unknown:
        return Html("")
    return voice.say("import.ignored", columns=line(_comma(voice).join(unknown), limit=300))


def unread(unknown: Sequence[str], *, voice: Voice) -> Message:
    """For a sheet that is in order but for columns that nobody knows."""
    return Message(ignored(unknown, voice=voice))


def begin(*, voice: Voice) -> Message:
    """How to import, with the templates."""
    return Message(
        voice.say("import.how"),
        keyboard=(
            tuple(
                Button(plain(voice.term("import.template", kind)), press("import.template", 0, kind))
                for kind in ImportKind
            ),
        ),
    )


def explained(kind: ImportKind, *, voice: Voice) -> list[tuple[str, str]]:
    """Each column's heading, and what it takes."""
    return [
        (
            column.zh if voice.chinese else column.key,
            plain(voice.term(f"import.column.{kind}", column.key)),
        )
        for column in COLUMNS[kind]
    ]


def template(kind: ImportKind, *, voice: Voice) -> Book:
    """An empty sheet with its columns, and a second one that explains them."""
    book = sheets.book_of(kind, title=plain(voice.term("import.kind", kind)), chinese=voice.chinese)
    book.explain(plain(voice.say("import.explained")), explained(kind, voice=voice))
    return book


def template_upload(kind: ImportKind, *, voice: Voice) -> Upload:
    """The same as a file with its name."""
    return Upload(f"{plain(voice.term('import.template', kind))}.xlsx", template(kind, voice=voice).content())


def exported(kind: ImportKind, content: bytes, *, count: int, place: Html, voice: Voice) -> Message:
    """An export, sent once."""
    what = plain(voice.term("import.kind", kind))
    return Message(
        voice.say("import.exported", what=what, place=place, count=count),
        upload=Upload(f"{what}-{voice.today.isoformat()}.xlsx", content),
    )
