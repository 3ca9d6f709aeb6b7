"""The tree of units: a unit's page, lists of units, "really?", gaps, and the group chats bound to a unit.

Knows how it reads. What a reader may see has been decided before; each press is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from domain.base import Scalar
from domain.calendars import WEEKENDS
from domain.queries import Page, Place, UnitFacts
from domain.unit_pages import MOST_COUNTED, Consequences, Gap, Staff, UnitCard, UnitLine, UnitList
from domain.units import kinds_below
from views.catalogue import LOCALES
from views.message import Button, Keyboard, Message
from views.safe import Html, line, plain
from views.voice import Voice, block, card, press, rows

ZONES = ("Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Macau", "Asia/Taipei", "Europe/Berlin")
"""Suggested at the question for a time zone; any other can be written."""


def unit_card(params: Mapping[str, Scalar], facts: UnitCard, voice: Voice) -> Message:
    """A unit's page; ``params["bot"]`` is the bot's name for the link."""
    link = f"https://t.me/{params.get('bot') or ''}?start=u-{facts.code}"
    return Message(
        card(
            voice.on_top(params),
            block(
                voice.say(
                    "org.title", place=voice.place(facts.place), kind=voice.term("unit_kind", facts.kind)
                ),
                _other_name(facts.place, voice),
                voice.say("org.parent", place=voice.place(facts.parent.place)) if facts.parent else "",
            ),
            _gone(facts, voice),
            voice.say("org.code", code=facts.code, link=link) if not facts.closed else "",
            block(
                voice.say("org.aliases", aliases=_aliases(facts)) if facts.aliases else "",
                voice.say("org.zone", zone=facts.zone, whose=_whose(own=facts.own_zone, voice=voice)),
                voice.say(
                    "org.calendar",
                    calendar=calendar_name(facts.calendar, voice=voice),
                    whose=_whose(own=facts.own_calendar, voice=voice),
                ),
            ),
            voice.say(
                "org.counts",
                below=_many(facts.below),
                children=_many(facts.children),
                people=_many(facts.people),
                groups=_many(facts.groups),
            ),
            block(*(_staff(staff, voice) for staff in facts.staff)) or voice.say("org.no_staff"),
        ),
        keyboard=_doors(facts, voice),
    )


def _other_name(place: Place, voice: Voice) -> Html:
    """The name in the language the reader does not read: it stands on posters and on the pages of others."""
    if not place.en:
        return voice.say("org.no_english_name")
    return voice.say("org.other_name", name=line(place.en if voice.chinese else place.zh, limit=64))


def _gone(facts: UnitCard, voice: Voice) -> Html:
    if not facts.closed:
        return Html("")
    if facts.merged_into is not None:
        return voice.say("org.merged_into", place=voice.place(facts.merged_into))
    return voice.say("org.closed")


def _whose(*, own: bool, voice: Voice) -> Html:
    return voice.say("org.own_setting") if own else voice.say("org.inherited")


def _many(count: int) -> str:
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)


def _listed(names: Iterable[str], voice: Voice) -> Html:
    return Html(("、" if voice.chinese else ", ").join(line(name, limit=40) for name in names))


def _aliases(facts: UnitCard) -> Html:
    return Html(" / ".join(line(alias.alias, limit=64) for alias in facts.aliases))


def _staff(staff: Staff, voice: Voice) -> Html:
    names = _listed(staff.names, voice)
    if staff.more:
        count = len(staff.names) + staff.more
        key = "org.staff_more" if staff.names else "org.staff_count"
        names = voice.say(key, names=names, count=_many(count))
    return voice.say("org.staff", role=voice.term("role", staff.role), names=names)


def calendar_name(code: str, *, voice: Voice) -> Html:
    """What a working calendar is called: weekends only, or a country's holidays."""
    if code in ("", WEEKENDS):
        return voice.say("calendar.weekends")
    locale = LOCALES["zh" if voice.chinese else "en"]
    return voice.say("calendar.country", country=locale.territories.get(code, code))


def _doors(facts: UnitCard, voice: Voice) -> Keyboard:
    """Where one can go from the page, and what who manages it can do there."""
    here = facts.id
    ways = [voice.button("button.org_below", "org.below", here)] if facts.children else []
    ways.append(
        voice.button("button.org_up", "org.see", facts.parent.id)
        if facts.parent
        else voice.button("button.org_own", "org.top", 0)
    )
    if not facts.closed:
        ways.append(voice.button("button.org_check", "org.gaps", here))
    sheets = (
        ()
        if facts.closed
        else (
            voice.button("button.org_poster", "poster.unit", here),
            *((voice.button("button.org_import", "import.begin", 0),) if facts.may_manage else ()),
            voice.button("button.org_export_units", "export.units", here),
            voice.button("button.org_export_people", "export.people", here),
        )
    )
    changes = (
        (
            voice.button("button.org_add", "org.add", here),
            voice.button("button.org_rename", "org.rename", here),
            voice.button("button.org_aliases", "org.aliases", here),
            voice.button("button.org_zone", "org.zone", here),
            voice.button("button.org_calendar", "org.calendar", here),
            voice.button("button.org_move", "org.move", here),
            voice.button("button.org_merge", "org.merge", here),
            voice.button("button.org_close", "org.close", here),
        )
        if facts.may_manage
        else ()
    )
    return (*rows(ways, width=2), *rows(sheets, width=2), *rows(changes, width=2))


# --- lists ----------------------------------------------------------------------------------------------------------------


def _label(unit: UnitLine, voice: Voice) -> str:
    return plain(voice.place(unit.place)) + (" ›" if unit.has_children else "")


def _turning(found: UnitList, verb: str, subject: int, voice: Voice, *, before: str = "") -> Keyboard:
    """The row that turns a list's pages; the page is the last part of the argument."""
    page = found.rows
    row = tuple(
        voice.button(key, verb, subject, f"{before}{number}")
        for key, number in (("button.page_before", page.page - 1), ("button.page_after", page.page + 1))
        if 1 <= number <= page.pages
    )
    return (row,) if row else ()


def unit_list(found: UnitList, *, voice: Voice) -> Message:
    """What is directly below a unit, or the reader's own units, page by page."""
    listed = rows((Button(_label(row, voice), press("org.see", row.id)) for row in found.rows.rows), width=2)
    if found.above is None:
        text = voice.say("org.own") if found.rows.rows else voice.say("org.none")
        return Message(text, keyboard=(*listed, *_turning(found, "org.top", 0, voice)))
    key = "org.below" if found.rows.rows else "org.below_none"
    return Message(
        voice.say(key, place=voice.place(found.above.place), count=found.rows.total),
        keyboard=(
            *listed,
            *_turning(found, "org.below", found.above.id, voice),
            (voice.button("button.org_page", "org.see", found.above.id),),
        ),
    )


def where_to_move(unit: UnitCard, found: UnitList, *, voice: Voice) -> Message:
    """The new unit above, chosen level by level."""
    above = found.above
    down = (
        Button(_label(row, voice), press("org.movein", unit.id, f"{row.id}_1"))
        for row in found.rows.rows
        if row.id != unit.id
    )
    there_already = above is not None and unit.parent is not None and above.id == unit.parent.id
    fits = above is not None and unit.kind in kinds_below(above.kind) and not there_already
    here = (
        ((voice.button("button.org_put_here", "org.moveto", unit.id, above.id),),) if above and fits else ()
    )
    name = voice.place(unit.place)
    return Message(
        voice.say("org.move_here", unit=name, place=voice.place(above.place))
        if above and fits
        else voice.say("org.move_where", unit=name),
        keyboard=(
            *here,
            *rows(down, width=2),
            *_turning(found, "org.movein", unit.id, voice, before=f"{above.id if above else 0}_"),
            *_back(unit, found, "org.movein", voice),
        ),
    )


def where_to_merge(unit: UnitCard, found: UnitList, *, voice: Voice) -> Message:
    """The other unit of the same kind, chosen level by level."""
    down = (
        Button(_label(row, voice), press("org.mergeto", unit.id, row.id))
        if row.kind == unit.kind
        else Button(_label(row, voice), press("org.mergein", unit.id, f"{row.id}_1"))
        for row in found.rows.rows
        if row.id != unit.id
    )
    above = found.above
    return Message(
        voice.say("org.merge_where", unit=voice.place(unit.place), kind=voice.term("unit_kind", unit.kind)),
        keyboard=(
            *rows(down, width=2),
            *_turning(found, "org.mergein", unit.id, voice, before=f"{above.id if above else 0}_"),
            *_back(unit, found, "org.mergein", voice),
        ),
    )


def _back(unit: UnitCard, found: UnitList, verb: str, voice: Voice) -> Keyboard:
    up = (voice.button("button.org_up", verb, unit.id, f"{found.parent_id}_1"),) if found.above else ()
    return ((*up, voice.button("button.org_no", "org.see", unit.id)),)


# --- one thing about a unit -------------------------------------------------------------------------------------------------


def aliases(unit: UnitCard, *, voice: Voice) -> Message:
    """The other ways to write its address, each to be removed by a press."""
    place = voice.place(unit.place)
    drop = (
        Button("✖️ " + plain(line(alias.alias, limit=40)), press("org.unalias", unit.id, alias.id))
        for alias in unit.aliases
    )
    return Message(
        voice.say("org.which_alias", place=place, aliases=_aliases(unit))
        if unit.aliases
        else voice.say("org.no_alias", place=place),
        keyboard=(
            *rows(drop, width=1),
            (
                voice.button("button.org_alias", "org.alias", unit.id),
                voice.button("button.org_page", "org.see", unit.id),
            ),
        ),
    )


def calendars(unit: UnitCard, *, voice: Voice) -> Message:
    """Which days count for its deadlines."""
    codes = dict.fromkeys((*filter(None, voice.rules.calendars), WEEKENDS))
    choices = (
        Button(plain(calendar_name(code, voice=voice)), press("org.setcal", unit.id, code)) for code in codes
    )
    return Message(
        voice.say("org.which_calendar", place=voice.place(unit.place)),
        keyboard=(
            *rows(choices, width=1),
            (
                voice.button("button.org_inherit", "org.setcal", unit.id, "above"),
                voice.button("button.org_page", "org.see", unit.id),
            ),
        ),
    )


def really(facts: Consequences, *, voice: Voice) -> Message:
    """What will happen, in numbers, before it does; or what keeps it from happening."""
    unit = facts.unit
    no = voice.button("button.org_no", "org.see", unit.id)
    counts = {name: _many(int(count or 0)) for name, count in facts.below.counts.items()}
    names = {
        "unit": voice.place(unit.place),
        "other": voice.place(facts.other.place) if facts.other else Html(""),
        "roles": _many(facts.roles),
        "groups": _many(facts.groups),
    }
    if facts.change == "close" and any(facts.below.counts.values()):
        return Message(voice.say("org.not_yet", unit=names["unit"], **counts), keyboard=((no,),))
    to = f"{facts.other.id if facts.other else 0}_{facts.version}"
    text, yes = {
        "move": ("org.really_move", voice.button("button.org_move_yes", "org.moveyes", unit.id, to)),
        "merge": ("org.really_merge", voice.button("button.org_merge_yes", "org.mergeyes", unit.id, to)),
        "close": (
            "org.really_close",
            voice.button("button.org_close_yes", "org.closeyes", unit.id, facts.version),
        ),
    }[facts.change]
    return Message(voice.say(text, **counts, **names), keyboard=((yes,), (no,)))


def gaps(unit: UnitCard, page: Page[Gap], *, voice: Voice) -> Message:
    """Where its grids do not cover its homes, page by page."""
    place = voice.place(unit.place)
    back = (voice.button("button.org_page", "org.see", unit.id),)
    if not page.rows:
        return Message(voice.say("org.no_gaps", place=place), keyboard=(back,))
    turning = tuple(
        voice.button(key, "org.gaps", unit.id, number)
        for key, number in (("button.page_before", page.page - 1), ("button.page_after", page.page + 1))
        if 1 <= number <= page.pages
    )
    return Message(
        card(
            voice.say("org.gaps", place=place, count=page.total),
            block(*(_gap(gap, voice) for gap in page.rows)),
        ),
        keyboard=(*((turning,) if turning else ()), back),
    )


def _gap(gap: Gap, voice: Voice) -> Html:
    other = voice.place(gap.other) if gap.other else Html("")
    return voice.say(
        f"gap.{gap.kind}", place=voice.place(gap.place), other=other, word=line(gap.word, limit=60)
    )


# --- groups -----------------------------------------------------------------------------------------------------------------


def bind_picker(found: UnitList, *, voice: Voice) -> Message:
    """In a group: which unit's open tasks shall be posted here? Its names are all that is shown there."""
    above = found.above
    if above is None and not found.rows.rows:
        return Message(voice.say("group.no_unit"))
    down = (
        Button(
            _label(row, voice),
            press("group.at", row.id, 1) if row.has_children else press("group.bind", row.id),
        )
        for row in found.rows.rows
    )
    here = ((voice.button("button.bind_here", "group.bind", above.id),),) if above else ()
    up = ((voice.button("button.org_up", "group.at", found.parent_id, 1),),) if above else ()
    return Message(
        voice.say("group.which_below", place=voice.place(above.place))
        if above
        else voice.say("group.which_unit"),
        keyboard=(
            *here,
            *rows(down, width=2),
            *_turning(found, "group.at", above.id if above else 0, voice),
            *up,
        ),
    )


def group_left(params: Mapping[str, Scalar], facts: UnitFacts, voice: Voice) -> Message:
    """For who bound a group, and the secretaries: the bot was removed from it."""
    return Message(voice.say("group.left", place=voice.place(facts.place)))
