"""Whom a notice is for, as it is chosen: roles, languages, skills, tags and places, and who they are as things are now."""

from __future__ import annotations

from collections.abc import Mapping

from domain.addressees import WHOM
from domain.base import Scalar
from domain.notices.shapes import LANGUAGES
from domain.notices.shown import (
    MeantPage,
    NoticeCard,
)
from domain.queries import Page
from domain.unit_pages import UnitLine
from views import audience
from views.message import Button, Message
from views.notices import reach_line, whom_line
from views.safe import line, plain
from views.voice import Voice, block, card, press, rows


def whom_again(params: Mapping[str, Scalar], facts: NoticeCard, voice: Voice) -> Message:
    """The audience after a change, on the screen where it was made."""
    if params.get("screen") == audience.CHOSEN:
        return Message(
            card(block(whom_line(facts, voice), reach_line(facts, voice)), voice.say("notice.place_chosen")),
            keyboard=audience.one_more("notice", facts.notice.id, params, voice),
        )
    return skills(facts, voice=voice) if params.get("screen") == "skills" else whom(facts, voice=voice)


def whom(facts: NoticeCard, *, voice: Voice) -> Message:
    """The audience, and everything that widens or narrows it."""
    notice, number, wanted = facts.notice, facts.notice.id, facts.notice.whom
    roles = (
        Button(
            f"{'✅' if role in wanted.roles else '▫️'} {plain(voice.term('whom', role))}",
            press("notice.role", number, role),
        )
        for role in WHOM
    )
    languages = (
        Button(
            f"{'✅' if wanted.language == language else '▫️'} {plain(voice.term('reads', f'in_{language}'))}",
            press("notice.reads", number, language),
        )
        for language in LANGUAGES
    )
    return Message(
        card(
            voice.say("notice.title", number=number, state=voice.term("state.notice", notice.state)),
            block(whom_line(facts, voice), reach_line(facts, voice)),
            voice.say("notice.whom_how"),
        ),
        keyboard=(
            *rows(roles, width=3),
            *rows(languages, width=2),
            (
                voice.button("button.notice_units", "notice.places", number, 0),
                voice.button("button.notice_skills", "notice.skills", number),
            ),
            (
                voice.button("button.notice_list", "notice.list", number),
                voice.button("button.notice_back", "notice.see", number),
            ),
        ),
    )


def skills(facts: NoticeCard, *, voice: Voice) -> Message:
    """Only who can do one of these, or of whom one of these is noted."""
    number, wanted = facts.notice.id, facts.notice.whom
    choices = (
        Button(
            f"{'✅' if skill.code in wanted.skills else '▫️'} {plain(voice.skill(skill.code))}",
            press("notice.skill", number, skill.code),
        )
        for skill in voice.rules.skills
    )
    tags = (
        Button(
            f"{'✅' if tag.code in wanted.tags else '▫️'} 🏷 {plain(voice.tag(tag.code))}",
            press("notice.tag", number, tag.code),
        )
        for tag in voice.rules.tags
    )
    return Message(
        card(block(whom_line(facts, voice), reach_line(facts, voice)), voice.say("notice.skills_how")),
        keyboard=(
            *rows(choices, width=2),
            *rows(tags, width=2),
            (voice.button("button.notice_back", "notice.whom", number),),
        ),
    )


def places(
    facts: NoticeCard, above: UnitLine | None, page: Page[UnitLine], *, parent_id: int, voice: Voice
) -> Message:
    """One level of the tree: a press on a unit opens it; there it is put in, left out, or neither."""
    number, wanted = facts.notice.id, facts.notice.whom
    keyboard: list[tuple[Button, ...]] = []
    if above is not None:
        keyboard.append(audience.marks("notice", number, above, wanted, voice))
    keyboard += rows((audience.below("notice", number, row, wanted, voice) for row in page.rows), width=2)
    turns = []
    if page.page > 1:
        turns.append(
            voice.button(
                "button.page_before", "notice.places", number, f"{above.id if above else 0}_{page.page - 1}"
            )
        )
    if page.page < page.pages:
        turns.append(
            voice.button(
                "button.page_after", "notice.places", number, f"{above.id if above else 0}_{page.page + 1}"
            )
        )
    keyboard += (tuple(turns),) if turns else ()
    up = (voice.button("button.notice_up", "notice.places", number, parent_id),) if above is not None else ()
    keyboard.append((*up, voice.button("button.notice_whom_back", "notice.whom", number)))
    here = audience.question(above, leads_on=bool(page.rows), wanted=wanted, voice=voice)
    return Message(
        card(block(whom_line(facts, voice), reach_line(facts, voice)), here), keyboard=tuple(keyboard)
    )


def meant(found: MeantPage, *, voice: Voice) -> Message:
    """Who would get it as things are now."""
    by_unit = [
        voice.say(
            "notice.meant_unit",
            place=voice.place(place) if place.zh else voice.say("notice.no_home"),
            count=number,
        )
        for place, number in found.by_unit
    ]
    people = [
        voice.say(
            "notice.meant_row" if one.reachable else "notice.meant_row_unreachable",
            name=line(one.name, limit=40),
            place=voice.place(one.place),
        )
        for one in found.rows
    ]
    keyboard: list[tuple[Button, ...]] = []
    if found.more:
        keyboard.append(
            (voice.button("button.page_after", "notice.list", found.notice_id, found.rows[-1].id),)
        )
    keyboard.append((voice.button("button.notice_back", "notice.see", found.notice_id),))
    if not found.count:
        return Message(voice.say("notice.nobody"), keyboard=tuple(keyboard))
    return Message(
        card(
            voice.say("notice.meant_title", count=found.count),
            block(*by_unit),
            block(*people),
            voice.say("notice.meant_now"),
        ),
        keyboard=tuple(keyboard),
    )
