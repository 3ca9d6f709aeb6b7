"""Everything that is held about somebody as one file that opens anywhere: HTML without a script or a thing to load.

What people wrote is escaped as it stands; times are the community's. Pictures and voices are named only: they are with
Telegram, in the reader's own chat, and never were here.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.base import Purpose
from domain.privacy import ClaimRecord, OwnRecord, PairingRecord, RequestRecord, ThreadRecord
from domain.queries import Part, words_in
from views.digests import chosen
from views.message import Upload
from views.privacy import counts, how_long, profile
from views.safe import cleaned, plain
from views.voice import Voice

_STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:48em;margin:2em auto;padding:0 1em;color:#222}"
    "h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em;border-bottom:1px solid #ccc}h3{font-size:1em;margin-bottom:0}"
    "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}"
    "blockquote{margin:.3em 0;padding-left:.8em;border-left:3px solid #ccc;white-space:pre-wrap}small{color:#666}"
)


def own_file(record: OwnRecord, *, voice: Voice) -> Upload:
    """The file, UTF-8, named by the day on which it was made."""
    title = _text(voice.say("file.title"))
    parts = (
        f"<h1>{title}</h1>",
        f"<p>{_text(voice.say('file.made', when=_when(voice.now, voice)))}</p>",
        _lines(profile(record.data, voice=voice)),
        _lines(counts(record.data, voice=voice)),
        _section("file.requests", (_request(one, voice) for one in record.requests), voice),
        _section("file.claims", (_claim(one, voice) for one in record.claims), voice),
        _section("file.other", (_said(record.other, voice),) if record.other else (), voice),
        _section("file.threads", (_thread(one, voice) for one in record.threads), voice),
        _section("file.pairings", (_pairing(one, voice) for one in record.pairings), voice),
        _section("file.appointments", (_appointments(record, voice),) if record.appointments else (), voice),
        _section("file.checkins", (_checkins(record, voice),) if record.checkins else (), voice),
        _section("file.lessons", (_lessons(record, voice),) if record.lessons else (), voice),
        _section("file.meetings", (_meetings(record, voice),) if record.meetings else (), voice),
        _section("file.followups", (_followups(record, voice),) if record.followups else (), voice),
        _section("file.points", (_points(record, voice),) if record.entries else (), voice),
        _section(
            "file.digests", (_lines(chosen(record.digests, voice=voice)),) if record.digests else (), voice
        ),
        _section("file.consents", (_consents(record, voice),) if record.consents else (), voice),
        f"<h2>{_text(voice.say('file.kept'))}</h2>",
        _lines(how_long(voice=voice)),
    )
    language = "zh" if voice.chinese else "en"
    page = (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )
    return Upload(f"linli-{voice.today:%Y-%m-%d}.html", page.encode("utf-8", "replace"))


def _text(said: str) -> str:
    """Words of ours, which are Telegram's HTML, as a page's."""
    return html.escape(plain(said))


def _own(text: str) -> str:
    """Words of people, whole."""
    return html.escape(cleaned(text))


def _lines(said: str) -> str:
    return "<p>" + "<br>".join(_text(line) for line in said.split("\n")) + "</p>"


def _when(moment: datetime | None, voice: Voice) -> str:
    return "" if moment is None else f"{moment.astimezone(voice.zone):%Y-%m-%d %H:%M}"


def _section(key: str, blocks: Iterable[str], voice: Voice) -> str:
    inside = "\n".join(blocks) or f"<p>{_text(voice.say('privacy.none'))}</p>"
    return f"<h2>{_text(voice.say(key))}</h2>\n{inside}"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(title)}</th>" for title in titles)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _said(parts: Iterable[Part], voice: Voice) -> str:
    return "\n".join(_part(part, voice) for part in parts)


def _part(part: Part, voice: Voice) -> str:
    who = voice.say("file.you" if part.mine else "file.others")
    head = f"<small>{_when(part.at, voice)} · {_text(who)}{_purpose(part.purpose, voice)}</small>"
    words = f"<blockquote>{_own(part.text)}</blockquote>" if part.text else ""
    if part.latitude is not None and part.longitude is not None:
        words += f"<blockquote>{part.latitude}, {part.longitude}</blockquote>"
    if part.file_id:
        words += f"<blockquote>{_text(voice.say('file.at_telegram'))}</blockquote>"
    return f"<div>{head}{words}</div>"


def _purpose(purpose: Purpose, voice: Voice) -> str:
    return f" · {_text(voice.say('file.letter'))}" if purpose is Purpose.LETTER else ""


def _request(one: RequestRecord, voice: Voice) -> str:
    head = (
        f"#{one.id} · {_text(voice.category(one.category))} · {_text(voice.term('state.request', one.state))}"
        f" · {_text(voice.place(one.place))}"
    )
    times = f"{_when(one.raised_at, voice)} – {_when(one.closed_at, voice)}"
    stars = f" · {one.stars}★" if one.stars else ""
    return f"<h3>{head}</h3><small>{times}{stars}</small>\n{_said(one.said, voice)}"


def _claim(one: ClaimRecord, voice: Voice) -> str:
    head = (
        f"#{one.task_id} · {_text(voice.category(one.category))} · {_text(voice.term('state.claim', one.state))}"
        f" · {_text(voice.place(one.place))}"
    )
    spent = f" · {_text(voice.span(one.minutes))}" if one.minutes else ""
    times = f"{_when(one.claimed_at, voice)} – {_when(one.ended_at, voice)}"
    return f"<h3>{head}</h3><small>{times}{spent}</small>\n{_said(one.said, voice)}"


def _thread(one: ThreadRecord, voice: Voice) -> str:
    head = _text(voice.say("file.thread", number=one.notice_id, place=voice.place(one.place)))
    return f"<h3>{head}</h3><small>{_when(one.opened_at, voice)}</small>\n{_said(one.said, voice)}"


def _pairing(one: PairingRecord, voice: Voice) -> str:
    key = "file.you_visit" if one.helping else "file.you_are_visited"
    head = (
        f"{_text(voice.say(key))} · {_text(voice.term('need', one.need))}"
        f" · {_text(voice.say('cadence', count=one.cadence_days))}"
    )
    notes = f"<blockquote>{_own(one.notes)}</blockquote>" if one.notes else ""
    times = f"{_when(one.started_at, voice)} – {_when(one.ended_at, voice)}"
    return f"<h3>{head}</h3><small>{times}</small>\n{notes}"


def _appointments(record: OwnRecord, voice: Voice) -> str:
    return _table(
        (
            voice.say("privacy.roles"),
            voice.say("label.place"),
            voice.say("file.from"),
            voice.say("file.until"),
        ),
        (
            (
                _text(voice.term("role", one.held.role)),
                _text(voice.place(one.held.place)),
                _when(one.starts_at, voice),
                _when(one.ends_at, voice),
            )
            for one in record.appointments
        ),
    )


def _checkins(record: OwnRecord, voice: Voice) -> str:
    return _table(
        (
            voice.say("label.place"),
            voice.say("privacy.branch"),
            voice.say("label.joined"),
            voice.say("file.asked"),
            voice.say("file.decided"),
        ),
        (
            (
                _text(voice.place(one.place)),
                _own(one.branch),
                _text(voice.written_day(one.joined_on)) if one.joined_on else "",
                _when(one.asked_at, voice),
                _when(one.decided_at, voice),
            )
            for one in record.checkins
        ),
    )


def _lessons(record: OwnRecord, voice: Voice) -> str:
    return _table(
        (
            voice.say("file.lesson"),
            voice.say("file.opened"),
            voice.say("file.finished"),
            voice.say("file.score"),
        ),
        (
            (
                _own(words_in(one.titles, voice.reader.language)),
                _when(one.opened_at, voice),
                _when(one.done_at, voice),
                "" if one.score is None else f"{one.score}%",
            )
            for one in record.lessons
        ),
    )


def _meetings(record: OwnRecord, voice: Voice) -> str:
    return _table(
        (
            voice.say("file.when"),
            voice.say("file.meeting"),
            voice.say("label.place"),
            voice.say("file.leave"),
            voice.say("file.there"),
        ),
        (
            (
                _when(one.starts_at, voice),
                f"{_text(voice.term('meeting_kind', one.kind))} · {_own(one.topic)}",
                _text(voice.place(one.place)),
                _own(one.reason),
                _when(one.checked_in_at, voice),
            )
            for one in record.meetings
        ),
    )


def _followups(record: OwnRecord, voice: Voice) -> str:
    return _table(
        (voice.say("file.followup"), voice.say("file.until"), voice.say("file.finished")),
        (
            (_own(one.what), _text(voice.written_day(one.due_on)), _when(one.done_at, voice))
            for one in record.followups
        ),
    )


def _points(record: OwnRecord, voice: Voice) -> str:
    return _table(
        (
            voice.say("file.when"),
            voice.say("file.account"),
            voice.say("file.amount"),
            voice.say("file.source"),
        ),
        (
            (
                _when(one.at, voice),
                _text(voice.term("account", one.currency)),
                _text(voice.points(one.amount)),
                _own(f"{one.source} {one.source_id}"),
            )
            for one in record.entries
        ),
    )


def _consents(record: OwnRecord, voice: Voice) -> str:
    return _table(
        (voice.say("file.version"), voice.say("file.when")),
        ((str(one.version), _when(one.at, voice)) for one in record.consents),
    )
