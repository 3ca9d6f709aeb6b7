"""One unit as it is put into an audience or left out of it: the same for whatever is addressed to people by units.

Knows the screen's buttons and question. Which verbs they press and where the way back leads is told by whoever shows it.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.addressees import Addressees, above_of
from domain.base import Scalar
from domain.unit_pages import UnitLine
from views.message import Button, Keyboard
from views.safe import Html, plain
from views.voice import Voice, press

CHOSEN = "places"
"""The screen after a unit was put in or left out."""


def marks(
    feature: str, number: int, above: UnitLine, wanted: Addressees, voice: Voice
) -> tuple[Button, Button]:
    """Put the opened unit in, or leave it out; each says how it stands. ``feature``: whose verbs are pressed."""
    if above.id in wanted.units:
        put = "button.notice_put_in"
    else:
        put = "button.notice_only_here" if covered(above, wanted) else "button.notice_put"
    out = "button.notice_left_out" if above.id in wanted.without_units else "button.notice_leave_out"
    return (
        voice.button(put, f"{feature}.put", number, above.id),
        voice.button(out, f"{feature}.out", number, above.id),
    )


def covered(unit: UnitLine, wanted: Addressees) -> bool:
    """Whether a unit above it is in."""
    return not set(wanted.units).isdisjoint(above_of(unit.path))


def below(feature: str, number: int, row: UnitLine, wanted: Addressees, voice: Voice) -> Button:
    """A unit of the level that is shown; a press opens it."""
    mark = "✅ " if row.id in wanted.units else "🚫 " if row.id in wanted.without_units else ""
    return Button(f"{mark}{plain(voice.place(row.place))}", press(f"{feature}.places", number, row.id))


def question(above: UnitLine | None, *, leads_on: bool, wanted: Addressees, voice: Voice) -> Html:
    """What may be done with the opened unit. ``leads_on``: there are units below it."""
    if above is None:
        return voice.say("notice.place_top")
    inside = covered(above, wanted) and above.id not in wanted.units
    asked = voice.say(
        "notice.place_covered" if inside else "notice.place_here", place=voice.place(above.place)
    )
    return (
        Html(f"{asked}{'' if voice.chinese else ' '}{voice.say('notice.place_deeper')}")
        if leads_on
        else asked
    )


def one_more(feature: str, number: int, params: Mapping[str, Scalar], voice: Voice) -> Keyboard:
    """After a unit was put in or left out: its neighbours, or that is all. ``params``: the unit above it as ``at``."""
    return (
        (voice.button("button.notice_one_more", f"{feature}.places", number, params.get("at") or 0),),
        (voice.button("button.notice_whom_back", f"{feature}.whom", number),),
    )
