"""The audit trail as people read it: who did what, when, to which thing; and the questions that narrow it.

A page's buttons carry what is looked for, so that a page turns after any time and any restart; what stands in them
grants nothing, as every look asks again who looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from domain.queries import Page, PersonRow, UnitLevel
from domain.trail import EVENTS, KINDS, THINGS, TrailFilter, TrailPage, TrailRow
from views.message import Button, Keyboard, Message
from views.people import level_buttons
from views.safe import Html, line, plain
from views.voice import Voice, block, card, press, rows

DAYS = (0, 1, 2, 3, 4, 5, 6, 7)
"""The days to choose from, so many ago."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_EPOCH = date(2020, 1, 1)
_MOST = 10**9
_SHORT = 4
_KINDS = {kind[:_SHORT]: kind for kind in KINDS}


# --- what is looked for, in a button --------------------------------------------------------------------------------


def written(wanted: TrailFilter) -> str:
    """What is looked for as an argument of callback data: at most 40 of ``a-z0-9_``, "" for everything.

    >>> written(TrailFilter(person_id=71, event="request.", since=date(2026, 3, 2), until=date(2026, 3, 2)))
    'p1z_erequ_d1qk'
    """
    parts = [
        f"{letter}{_in_36(value)}"
        for letter, value in (("p", wanted.person_id), ("r", wanted.request_id), ("u", wanted.unit_id))
        if value is not None
    ]
    if wanted.event:
        parts.append(f"e{wanted.event.rstrip('.')[:_SHORT]}")
    if wanted.since is not None:
        parts.append(f"d{_in_36((wanted.since - _EPOCH).days)}")
    return "_".join(parts)


def read(argument: str) -> TrailFilter | None:
    """The same back; None for what no button of ours says.

    >>> read("p1z_d1qk").person_id, read("p1z_d1qk").since, read("x7")
    (71, datetime.date(2026, 3, 2), None)
    """
    found = TrailFilter()
    for part in argument.split("_") if argument else ():
        letter, value = part[:1], part[1:]
        if letter == "e" and value in _KINDS:
            found = replace(found, event=f"{_KINDS[value]}.")
            continue
        number = _of_36(value)
        if number is None or letter not in _FIELDS:
            return None
        if letter == "d":
            if number > _LONGEST:
                return None
            day = _EPOCH + timedelta(days=number)
            found = replace(found, since=day, until=day)
        else:
            found = replace(found, **{_FIELDS[letter]: number})  # type: ignore[arg-type]
    return found


_FIELDS: Mapping[str, str] = {"p": "person_id", "r": "request_id", "u": "unit_id", "d": "since"}
_LONGEST = (date(9999, 12, 30) - _EPOCH).days


def _in_36(number: int) -> str:
    text = ""
    while True:
        number, rest = divmod(number, 36)
        text = _DIGITS[rest] + text
        if not number:
            return text


def _of_36(text: str) -> int | None:
    if not text or len(text) > 8 or any(letter not in _DIGITS for letter in text):
        return None
    number = int(text, 36)
    return number if number < _MOST else None


# --- the page -------------------------------------------------------------------------------------------------------


def page(found: TrailPage, wanted: TrailFilter, *, before: int = 0, voice: Voice) -> Message:
    """What happened, newest first, with what it is narrowed to and the ways to go on."""
    narrowed = _narrowed(found, wanted, voice)
    if found.rows:
        listed = card(*(_row(row, voice) for row in found.rows))
    else:
        listed = voice.say("trail.none_here" if found.older else "trail.none")
    reached = voice.say("trail.reached", when=voice.when(found.reached)) if found.reached else ""
    return Message(
        card(block(voice.say("trail.title"), narrowed), listed, reached),
        keyboard=(*_turning(found, wanted, before, voice), *_narrowing(wanted, voice)),
    )


def _row(row: TrailRow, voice: Voice) -> Html:
    parts = [_what(row, voice), _thing(row.subject_kind, row.subject_id, voice)]
    if row.request_id is not None and row.subject_kind != "request":
        parts.append(_thing("request", row.request_id, voice))
    if row.place.zh:
        parts.append(voice.place(row.place))
    return block(
        voice.say("trail.who", when=voice.when(row.at), who=_who(row, voice)), Html(" · ".join(parts))
    )


def _who(row: TrailRow, voice: Voice) -> Html:
    if row.job is not None:
        return voice.say("trail.system", job=line(row.job, limit=40))
    if row.actor_id is None:
        return voice.say("trail.newcomer")
    return line(row.actor, limit=40) or voice.say("thing.person", number=row.actor_id)


def _what(row: TrailRow, voice: Voice) -> Html:
    return voice.term("event", row.event) if row.event in EVENTS else line(row.event, limit=60)


def _thing(kind: str, number: int, voice: Voice) -> Html:
    if kind in THINGS:
        return voice.say(f"thing.{kind}", number=number)
    return line(f"{kind} {number}", limit=60)


def _narrowed(found: TrailPage, wanted: TrailFilter, voice: Voice) -> Html:
    said = [
        voice.say(f"thing.{kind}", number=number)
        for kind, number in (("person", wanted.person_id), ("request", wanted.request_id))
        if number is not None
    ]
    if wanted.unit_id is not None:
        said.append(voice.place(found.place))
    if wanted.event:
        said.append(voice.term("event_kind", wanted.event.rstrip(".")))
    if wanted.since is not None:
        said.append(voice.day(wanted.since))
    return voice.say("trail.only", what=Html(" · ".join(said))) if said else Html("")


def _turning(found: TrailPage, wanted: TrailFilter, before: int, voice: Voice) -> Keyboard:
    argument = written(wanted) or None
    row = []
    if before:
        row.append(voice.button("button.trail_newest", "audit.page", 0, argument))
    if found.older:
        row.append(voice.button("button.trail_older", "audit.page", found.older, argument))
    return (tuple(row),) if row else ()


def _narrowing(wanted: TrailFilter, voice: Voice) -> Keyboard:
    argument = written(wanted) or None
    buttons = [
        voice.button("button.trail_person", "audit.person", 0, argument),
        voice.button("button.trail_request", "audit.request", 0, argument),
        voice.button("button.trail_unit", "audit.unit", 0, argument),
        voice.button("button.trail_kind", "audit.kind", 0, argument),
        voice.button("button.trail_day", "audit.day", 0, argument),
    ]
    if argument:
        buttons.append(voice.button("button.trail_all", "audit.page", 0))
    return rows(buttons, width=3)


# --- the questions --------------------------------------------------------------------------------------------------


def people(choices: object, *, version: int, voice: Voice) -> Keyboard:
    """Whom the typed name may mean."""
    if not isinstance(choices, Page):
        return ()
    return tuple((Button(_person(row, voice), press("audit.who", version, row.id)),) for row in choices.rows)


def _person(row: PersonRow, voice: Voice) -> str:
    return plain(f"{line(row.name, limit=30)} · {voice.place(row.place)} · {row.id}")


def units(choices: object, *, version: int, voice: Voice) -> Keyboard:
    """One level of the tree: a unit of any kind may be taken, with all below it."""
    if not isinstance(choices, UnitLevel):
        return ()
    above = choices.above
    here = ((voice.button("button.here", "audit.here", version, above.id),),) if above else ()
    return (*level_buttons(choices, "audit.where", voice=voice, version=version), *here)


def kinds(*, version: int, voice: Voice) -> Keyboard:
    """The kinds of event."""
    return rows(
        (Button(plain(voice.term("event_kind", kind)), press("audit.what", version, kind)) for kind in KINDS),
        width=2,
    )


def days(*, version: int, voice: Voice) -> Keyboard:
    """The last days."""
    return rows(
        (
            Button(plain(voice.day(voice.today - timedelta(days=ago))), press("audit.on", version, ago))
            for ago in DAYS
        ),
        width=2,
    )
