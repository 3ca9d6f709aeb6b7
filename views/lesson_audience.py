"""Whom a lesson is for, as its secretary reads and chooses it: roles, skills, tags, and places put in or left out."""

from __future__ import annotations

from collections.abc import Mapping

from domain.addressees import WHOM
from domain.base import Scalar
from domain.lessons.shown import MOST_COUNTED, LessonCard
from domain.queries import Page, Place
from domain.unit_pages import UnitLine
from views import audience
from views.message import Button, Message
from views.safe import Html, plain
from views.voice import Voice, block, card, press, rows

SKILLS = "skills"
"""The screen of skills and tags, where the audience is shown again after a change."""


def _places(places: tuple[Place, ...], voice: Voice) -> Html:
    names = [voice.place(one) for one in places[:5]]
    more = len(places) - len(names)
    joined = Html(("、" if voice.chinese else ", ").join(names))
    return voice.say("lesson.places_more", places=joined, count=more) if more else joined


def whom_line(facts: LessonCard, voice: Voice) -> Html:
    """Whom it is for, in words."""
    wanted = facts.lesson.whom
    between = "、" if voice.chinese else ", "
    roles = Html(between.join(voice.term("whom", role) for role in wanted.roles))
    able = [*(voice.skill(code) for code in wanted.skills), *(voice.tag(code) for code in wanted.tags)]
    return block(
        voice.say("lesson.for_whom", places=_places(facts.units, voice), roles=roles),
        voice.say("lesson.only_with", what=Html(between.join(able))) if able else "",
        voice.say("lesson.not_for", places=_places(facts.without, voice)) if facts.without else "",
    )


def reach_line(facts: LessonCard, voice: Voice) -> Html:
    """How many they are as things are now."""
    key = "lesson.reaches_more" if facts.count > MOST_COUNTED else "lesson.reaches"
    return voice.say(key, count=min(facts.count, MOST_COUNTED))


def back(number: int, voice: Voice) -> Button:
    """Back to the lesson's card."""
    return voice.button("button.lesson_back", "lesson.see", number)


def whom(params: Mapping[str, Scalar], facts: LessonCard, voice: Voice) -> Message:
    """The audience, and everything that widens or narrows it; after a change on the screen where it was made."""
    if params.get("screen") == SKILLS:
        return skills(facts, voice=voice)
    if params.get("screen") == audience.CHOSEN:
        return Message(
            card(block(whom_line(facts, voice), reach_line(facts, voice)), voice.say("notice.place_chosen")),
            keyboard=audience.one_more("lesson", facts.lesson.id, params, voice),
        )
    number, wanted = facts.lesson.id, facts.lesson.whom
    roles = (
        Button(
            f"{'✅' if role in wanted.roles else '▫️'} {plain(voice.term('whom', role))}",
            press("lesson.role", number, role),
        )
        for role in WHOM
    )
    return Message(
        card(block(whom_line(facts, voice), reach_line(facts, voice)), voice.say("lesson.whom_how")),
        keyboard=(
            *rows(roles, width=3),
            (
                voice.button("button.notice_units", "lesson.places", number, 0),
                voice.button("button.notice_skills", "lesson.skills", number),
            ),
            (back(number, voice),),
        ),
    )


def skills(facts: LessonCard, *, voice: Voice) -> Message:
    """Only who can do one of these, or of whom one of these is noted."""
    number, wanted = facts.lesson.id, facts.lesson.whom

    def tick(on: bool, label: Html, verb: str, code: str) -> Button:
        return Button(f"{'✅' if on else '▫️'} {plain(label)}", press(verb, number, code))

    able = (
        tick(one.code in wanted.skills, voice.skill(one.code), "lesson.skill", one.code)
        for one in voice.rules.skills
    )
    noted = (
        tick(one.code in wanted.tags, Html(f"🏷 {voice.tag(one.code)}"), "lesson.tag", one.code)
        for one in voice.rules.tags
    )
    return Message(
        card(block(whom_line(facts, voice), reach_line(facts, voice)), voice.say("lesson.skills_how")),
        keyboard=(
            *rows(able, width=2),
            *rows(noted, width=2),
            (voice.button("button.notice_whom_back", "lesson.whom", number),),
        ),
    )


def places(
    facts: LessonCard, above: UnitLine | None, page: Page[UnitLine], *, parent_id: int, voice: Voice
) -> Message:
    """One level of the tree: a press on a unit opens it; there it is put in, left out, or neither."""
    number, wanted = facts.lesson.id, facts.lesson.whom
    here = above.id if above else 0

    marks = (audience.marks("lesson", number, above, wanted, voice),) if above else ()
    turns = tuple(
        voice.button(key, "lesson.places", number, f"{here}_{to}")
        for key, to in (("button.page_before", page.page - 1), ("button.page_after", page.page + 1))
        if 1 <= to <= page.pages
    )
    up = (voice.button("button.notice_up", "lesson.places", number, parent_id),) if above else ()
    return Message(
        card(
            block(whom_line(facts, voice), reach_line(facts, voice)),
            audience.question(above, leads_on=bool(page.rows), wanted=wanted, voice=voice),
        ),
        keyboard=(
            *marks,
            *rows((audience.below("lesson", number, row, wanted, voice) for row in page.rows), width=2),
            *((turns,) if turns else ()),
            (*up, voice.button("button.notice_whom_back", "lesson.whom", number)),
        ),
    )
