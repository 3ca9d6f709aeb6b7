"""What a person says next, in the middle of whatever they are in: an open form, arriving, or nothing at all.

Knows all forms by name and leads words and form buttons to the one that is open.
"""

from __future__ import annotations

from domain.base import NOT_FOUND, Refused
from handlers import (
    agreed,
    appointments,
    checkins,
    desk,
    forms,
    imports,
    lesson_desk,
    lesson_questions,
    lesson_series,
    lesson_templates,
    lesson_terms,
    meeting_desk,
    meeting_door,
    meeting_records,
    meetings,
    notice_readers,
    notice_terms,
    notices,
    pairings,
    people,
    persons,
    privacy,
    raising,
    requests,
    roster,
    tasks,
    templates,
    threads,
    trail,
    units,
)
from handlers.contents import content_of
from handlers.forms import ALBUM, Form
from handlers.turn import Answer, Turn, alert, sent
from storage.drafts import Draft

FORMS: dict[str, Form] = {
    form.name: form
    for feature in (
        raising,
        requests,
        desk,
        agreed,
        tasks,
        pairings,
        units,
        imports,
        checkins,
        appointments,
        roster,
        notices,
        lesson_desk,
        lesson_questions,
        lesson_terms,
        lesson_templates,
        lesson_series,
        meetings,
        meeting_desk,
        meeting_door,
        meeting_records,
        notice_readers,
        threads,
        templates,
        notice_terms,
        privacy,
        trail,
    )
    for form in feature.FORMS
}


def open_form(turn: Turn, draft: Draft | None) -> Form | None:
    """The form this turn belongs to, if one is open; an older program's form is none."""
    form = FORMS.get(draft.form) if draft else None
    if form is None or draft is None:
        return None
    if form.step(draft.step).tail:
        album = turn.message.media_group_id if turn.message else None
        return form if album and album == draft.answers.get(ALBUM) else None
    return form


async def words(turn: Turn) -> Answer:
    """Words, a picture, a voice, a place, a contact, in private."""
    opening = await turn.opening()
    form = open_form(turn, opening.draft)
    step = form.step(opening.draft.step) if form is not None and opening.draft is not None else None
    takes_files = step is not None and (step.gathers or step.takes_sheet)
    if not takes_files and imports.is_sheet(turn.message) and imports.may_send(opening):
        return await imports.received(turn)
    if form is not None and opening.draft is not None:
        return await forms.hear(turn, form, opening.draft)
    assert turn.message is not None  # noqa: S101 - registered for messages
    if turn.message.contact is not None and people.has_arrived(opening):
        return await persons.own_phone(turn)
    content = content_of(turn.message)
    if content is None:
        return sent(await turn.say("stray.sticker" if turn.message.sticker else "stray.not_understood"))
    if not people.has_arrived(opening):
        return await people.arrive(turn, content=content)
    return await raising.out_of_the_blue(turn, content)


async def form_press(turn: Turn) -> Answer:
    """A button of a form. The form may have changed since, or be over."""
    opening = await turn.opening()
    form = open_form(turn, opening.draft)
    if form is not None and opening.draft is not None:
        return await forms.press(turn, form, opening.draft)
    return alert("form.too_late" if opening.actor.person_id else "toast.start_first")


async def request(turn: Turn) -> Answer:
    """``/request``; who has no home yet arrives first."""
    opening = await turn.opening()
    if not people.has_consented(opening):
        return await people.arrive(turn)
    if not people.has_arrived(opening):
        return sent(await turn.say("unit.needed"))
    return await raising.request(turn)


async def proxy(turn: Turn) -> Answer:
    """``proxy.new:0``."""
    if not (await turn.actor()).person_id:
        raise Refused(NOT_FOUND)
    return await raising.proxy(turn)
