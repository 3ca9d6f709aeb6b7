"""Templates of lessons: saved, used, renamed and dropped."""

from __future__ import annotations

from domain.lessons.templates import (
    DeleteLessonTemplate,
    KeepLesson,
    LessonTemplateLine,
    ListLessonTemplates,
    RenameLessonTemplate,
    SeeLessonTemplate,
    UseLessonTemplate,
)
from domain.templates import MAX_NAME
from handlers import forms, steps
from handlers.forms import Answers, Form, Step
from handlers.lesson_desk import own_card
from handlers.turn import Answer, Do, Turn, turned
from storage.drafts import Draft
from views import lesson_templates as screens

_NAME = Step("name", take=steps.words("name", most=MAX_NAME), screen=screens.ask_name)


async def page(turn: Turn) -> Answer:
    """``lessontemplate.page:<page>``."""
    found = await turn.read(ListLessonTemplates(turn.pressed.id))
    return turned(turn, screens.templates(found, voice=await turn.voice()))


async def _pressed(turn: Turn) -> LessonTemplateLine:
    found: LessonTemplateLine = await turn.read(SeeLessonTemplate(turn.pressed.id))
    return found


async def see(turn: Turn) -> Answer:
    """``lessontemplate.see:<id>``."""
    return turned(turn, screens.template(await _pressed(turn), voice=await turn.voice()))


async def use(turn: Turn) -> Answer:
    """``lessontemplate.use:<id>``: a new draft, at the bottom of the chat."""
    return Do(UseLessonTemplate(turn.pressed.id), toast="toast.saved")


def _keep(turn: Turn, answers: Answers, draft: Draft) -> Do:
    name = str(answers["name"])
    said = turn.words("lessontemplate.saved", edit=draft.message_id, name=name)
    return Do(KeepLesson(int(answers["lesson_id"]), name), replies=(said,))


KEEP = Form("lesson_template", (_NAME,), submit=_keep)


async def save(turn: Turn) -> Answer:
    """``lessontemplate.save:<lesson>``: under which name?"""
    return await forms.begin(turn, KEEP, {"lesson_id": (await own_card(turn)).lesson.id})


def _rename(turn: Turn, answers: Answers, draft: Draft) -> Do:
    name = str(answers["name"])
    said = turn.words("template.renamed", edit=draft.message_id, name=name)
    return Do(RenameLessonTemplate(int(answers["template_id"]), name), replies=(said,))


RENAME = Form("lesson_template_name", (_NAME,), submit=_rename)


async def rename(turn: Turn) -> Answer:
    """``lessontemplate.rename:<id>``."""
    return await forms.begin(turn, RENAME, {"template_id": (await _pressed(turn)).id})


async def drop(turn: Turn) -> Answer:
    """``lessontemplate.drop:<id>``: asked once more."""
    return turned(turn, screens.surely(await _pressed(turn), voice=await turn.voice()))


async def drop_yes(turn: Turn) -> Answer:
    """``lessontemplate.dropyes:<id>``."""
    gone = turn.words("template.deleted", edit=turn.pressed.message_id)
    return Do(DeleteLessonTemplate(turn.pressed.id), replies=(gone,))


FORMS = (KEEP, RENAME)
