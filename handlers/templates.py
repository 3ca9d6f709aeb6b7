"""What a notice may begin with: templates that are saved, used, renamed and dropped, and drafts to go on with."""

from __future__ import annotations

from domain.templates import (
    MAX_NAME,
    DeleteTemplate,
    ListDrafts,
    ListTemplates,
    RenameTemplate,
    SaveTemplate,
    SeeTemplate,
    TemplateLine,
    UseTemplate,
)
from handlers import forms, steps
from handlers.forms import Answers, Form, Step
from handlers.notices import own_card
from handlers.turn import Answer, Do, Turn, turned
from storage.drafts import Draft
from views import templates as screens


async def page(turn: Turn) -> Answer:
    """``template.page:<page>``."""
    found = await turn.read(ListTemplates(turn.pressed.id))
    return turned(turn, screens.templates(found, voice=await turn.voice()))


async def _pressed(turn: Turn) -> TemplateLine:
    found: TemplateLine = await turn.read(SeeTemplate(turn.pressed.id))
    return found


async def see(turn: Turn) -> Answer:
    """``template.see:<id>``."""
    return turned(turn, screens.template(await _pressed(turn), voice=await turn.voice()))


async def use(turn: Turn) -> Answer:
    """``template.use:<id>``: a new draft, at the bottom of the chat."""
    return Do(UseTemplate(turn.pressed.id), toast="toast.saved")


def _save(turn: Turn, answers: Answers, draft: Draft) -> Do:
    name = str(answers["name"])
    said = turn.words("template.saved", edit=draft.message_id, name=name)
    return Do(SaveTemplate(int(answers["notice_id"]), name), replies=(said,))


SAVE = Form("template", (Step("name", take=steps.words("name", most=MAX_NAME)),), submit=_save)


async def save(turn: Turn) -> Answer:
    """``template.save:<notice>``: under which name?"""
    return await forms.begin(turn, SAVE, {"notice_id": (await own_card(turn)).notice.id})


def _rename(turn: Turn, answers: Answers, draft: Draft) -> Do:
    name = str(answers["name"])
    said = turn.words("template.renamed", edit=draft.message_id, name=name)
    return Do(RenameTemplate(int(answers["template_id"]), name), replies=(said,))


RENAME = Form("template_name", (Step("name", take=steps.words("name", most=MAX_NAME)),), submit=_rename)


async def rename(turn: Turn) -> Answer:
    """``template.rename:<id>``."""
    return await forms.begin(turn, RENAME, {"template_id": (await _pressed(turn)).id})


async def drop(turn: Turn) -> Answer:
    """``template.drop:<id>``: asked once more."""
    return turned(turn, screens.surely(await _pressed(turn), voice=await turn.voice()))


async def drop_yes(turn: Turn) -> Answer:
    """``template.dropyes:<id>``."""
    gone = turn.words("template.deleted", edit=turn.pressed.message_id)
    return Do(DeleteTemplate(turn.pressed.id), replies=(gone,))


async def drafts(turn: Turn) -> Answer:
    """``notice.drafts:<page>``: what was composed and not sent."""
    found = await turn.read(ListDrafts(turn.pressed.id))
    return turned(turn, screens.drafts(found, voice=await turn.voice()))


FORMS = (SAVE, RENAME)
