"""``/notice``: composing, confirming and following a notice.

A notice under composition is a row like any other: each button changes it and shows it as it is now, so that nothing is
lost when somebody goes for lunch in the middle.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from telegram import Message as Received

from domain.base import NOT_FOUND, Action, Refused
from domain.notices.correcting import AskAgain
from domain.notices.shapes import (
    CARD,
    LANGUAGES,
    ON_ITS_WAY,
    BeginNotice,
    ConfirmNotice,
    CopyNotice,
    GoOnNotice,
    HoldNotice,
    PutMedia,
    PutText,
    RemindNotice,
    SetTime,
    StopNotice,
    Switch,
    TickOffCall,
    WithdrawNotice,
)
from domain.notices.shown import (
    ExportReadings,
    ListSent,
    NoticeCard,
    NoticeCopy,
    PlacesToSpeakFor,
    ReadingPage,
    Report,
    SeeCalls,
    SeeMeant,
    SeePreview,
    SeeReport,
)
from domain.queries import SeeCard
from domain.templates import SeeBeginnings
from domain.unit_pages import UnitLine
from handlers import forms, parsing, steps
from handlers.contents import restored, stored
from handlers.forms import ALBUM, CONTENTS, Answers, Form, Said, Step, Taken
from handlers.turn import Answer, Do, Show, Turn, made, sent, turned
from storage.drafts import Draft
from storage.outbox import Reply
from views import notice_audience, notice_lists
from views import notices as screens
from views.message import Message, Upload
from views.safe import cleaned, file_name, plain, utf16_length
from views.voice import Voice

SECOND = "notice.second"
WHOM_CARD = "notice.whom"
CHINESE = re.compile(r"[\u4e00-\u9fff]")

# --- looking ------------------------------------------------------------------------------------------------------------


async def notice(turn: Turn) -> Answer:
    """``/notice``: those sent from here, and a new one."""
    return sent(await _list(turn, 1))


async def page(turn: Turn) -> Answer:
    """``notice.page:<page>``."""
    return turned(turn, await _list(turn, turn.pressed.id))


async def _list(turn: Turn, number: int) -> Message:
    begins = await turn.read(SeeBeginnings())
    return notice_lists.sent_list(await turn.read(ListSent(number)), begins, voice=await turn.voice())


async def own_card(turn: Turn) -> NoticeCard:
    """The pressed notice, for who may send it. Raises Refused for everyone else."""
    seen = await turn.read(SeeCard(CARD, turn.pressed.id))
    if not isinstance(seen.facts, NoticeCard):
        raise Refused(NOT_FOUND)
    return seen.facts


async def see(turn: Turn) -> Answer:
    """``notice.see:<id>``: back to the card, in place of what was looked at."""
    return Show(replies=(turn.card(CARD, (await own_card(turn)).notice.id),))


async def open_card(turn: Turn) -> Answer:
    """``notice.open:<id>``, from a list."""
    return Show(replies=(turn.new_card(CARD, (await own_card(turn)).notice.id),))


async def preview(turn: Turn) -> Answer:
    """``notice.preview:<id>``: exactly what a recipient will see."""
    facts: NoticeCopy = await turn.read(SeePreview(turn.pressed.id))
    voices = [await turn.voice(language=language) for language in LANGUAGES if language in facts.notice.texts]
    shown = [screens.preview(facts, voice=voice) for voice in voices or [await turn.voice()]]
    return sent(*shown, screens.below_preview(facts, voice=await turn.voice()))


async def meant(turn: Turn) -> Answer:
    """``notice.list:<id>[:<after>]``: who would get it."""
    after = turn.pressed.count if turn.pressed.arg else 0
    found = await turn.read(SeeMeant(turn.pressed.id, after))
    return turned(turn, notice_audience.meant(found, voice=await turn.voice()))


# --- composing ----------------------------------------------------------------------------------------------------------


async def _places(turn: Turn, answers: Answers) -> tuple[UnitLine, ...]:
    found: tuple[UnitLine, ...] = await turn.read(PlacesToSpeakFor())
    return found


async def _unit(turn: Turn, said: Said, answers: Answers) -> Taken:
    ids = {str(row.id) for row in await _places(turn, answers)}
    return Taken({"unit_id": int(steps.chosen(said, ids))})


def _html_of(message: Received) -> tuple[str, str]:
    """The words of a message as Telegram HTML, and as they are read."""
    if message.text is not None:
        return cleaned(message.text_html), message.text
    return cleaned(message.caption_html or ""), message.caption or ""


async def formatted(turn: Turn, said: Said, answers: Answers) -> Taken:
    """Words with their formatting, and the file they came with."""
    if said.content is None or turn.message is None:
        raise Refused("form.choose_button")
    if said.content.kind == "location":
        raise Refused("form.words_needed")
    html, read = _html_of(turn.message)
    files = [stored(said.content)] if said.content.file_id else []
    return Taken({"html": html, "length": utf16_length(read), CONTENTS: files, ALBUM: said.content.album})


def _files(answers: Answers) -> tuple[tuple[str, str], ...]:
    parts = restored(answers.get(CONTENTS) or ())
    return tuple((part.kind, part.file_id) for part in parts if part.file_id)


def _begin(turn: Turn, answers: Answers, draft: Draft) -> Do:
    html = str(answers.get("html") or "")
    language = "zh" if CHINESE.search(html) else "en"
    return Do(BeginNotice(int(answers["unit_id"]), language, html, int(answers["length"]), _files(answers)))


def _has_choice(answers: Answers) -> bool:
    return not answers.get("alone")


NEW = Form(
    "notice",
    (
        Step("in_name", take=_unit, verbs=("notice.unit",), choices=_places, when=_has_choice),
        Step("text", take=formatted),
        # Only an album comes in parts: the rest of it arrives here.
        Step("words", when=lambda answers: bool(answers.get(ALBUM)), gathers=True, goes_on=("form.done",)),
    ),
    submit=_begin,
)


async def new(turn: Turn) -> Answer:
    """``notice.new:0``."""
    places = await _places(turn, {})
    if not places:
        raise Refused("notice.no_place")
    if len(places) > 1:
        return await forms.begin(turn, NEW, {})
    return await forms.begin(turn, NEW, {"unit_id": places[0].id, "alone": True})


async def again(turn: Turn) -> Answer:
    """``notice.copy:<id>``: a new draft with everything of this one."""
    return Do(CopyNotice(turn.pressed.id), toast="toast.saved")


async def write(turn: Turn) -> Answer:
    """``notice.write:<id>``: in which language?"""
    return turned(turn, screens.choose_language(await own_card(turn), voice=await turn.voice()))


def _put_text(turn: Turn, answers: Answers, draft: Draft) -> Do:
    notice_id = int(answers["notice_id"])
    action = PutText(notice_id, str(answers["language"]), str(answers["html"]), int(answers["length"]))
    return Do(action, replies=_saved(turn, draft, notice_id))


def _saved(turn: Turn, draft: Draft, notice_id: int) -> tuple[Reply, ...]:
    return turn.words("toast.saved", edit=draft.message_id), turn.new_card(CARD, notice_id)


TEXT = Form("notice_text", (Step("text", take=formatted),), submit=_put_text)


async def text(turn: Turn) -> Answer:
    """``notice.text:<id>:<zh|en>``."""
    if turn.pressed.arg not in LANGUAGES:
        raise Refused(NOT_FOUND)
    answers = {"notice_id": (await own_card(turn)).notice.id, "language": turn.pressed.arg}
    return await forms.begin(turn, TEXT, answers)


def _put_media(turn: Turn, answers: Answers, draft: Draft) -> Do:
    notice_id = int(answers["notice_id"])
    return Do(PutMedia(notice_id, _files(answers)), replies=_saved(turn, draft, notice_id))


FILES = Form(
    "notice_files",
    (Step("words", gathers=True, skippable=True, goes_on=("form.done",)),),
    submit=_put_media,
)


async def files(turn: Turn) -> Answer:
    """``notice.files:<id>``."""
    return await forms.begin(turn, FILES, {"notice_id": (await own_card(turn)).notice.id})


async def _moment(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.verb:
        return Taken({"at": ""})
    at = parsing.moment(said.text, now=turn.now, zone=(await turn.voice()).zone)
    if at <= turn.now:
        raise Refused("notice.time_past")
    return Taken({"at": at.isoformat()})


def _set_time(turn: Turn, answers: Answers, draft: Draft) -> Do:
    notice_id = int(answers["notice_id"])
    at = parsing.stored_moment(str(answers["at"]))
    return Do(
        SetTime(notice_id, at, str(answers.get("repeat") or "")), replies=_saved(turn, draft, notice_id)
    )


async def _repeat(turn: Turn, said: Said, answers: Answers) -> Taken:
    return Taken({"repeat": _REPEATS[steps.chosen(said, _REPEATS.keys())]})


_REPEATS = {"once": "", "weekly": "weekly", "monthly": "monthly"}
TIME = Form(
    "notice_time",
    (
        Step("moment", take=_moment, verbs=("notice.now",)),
        Step("repeat", take=_repeat, verbs=("notice.repeat",), when=lambda answers: bool(answers.get("at"))),
    ),
    submit=_set_time,
)


async def time(turn: Turn) -> Answer:
    """``notice.time:<id>``."""
    return await forms.begin(turn, TIME, {"notice_id": (await own_card(turn)).notice.id})


def _change(turn: Turn, action: Action, *, toast: str = "toast.saved") -> Do:
    # Whoever was asked for the second yes has a card of their own.
    card = turn.card(
        CARD if turn.beside("notice.write") or not turn.beside("notice.confirm") else SECOND, turn.pressed.id
    )
    return Do(action, replies=(card,), if_refused=card, toast=toast)


async def switch(turn: Turn) -> Answer:
    """``notice.switch:<id>:<option>``."""
    return _change(turn, Switch(turn.pressed.id, turn.pressed.arg))


# --- sending ------------------------------------------------------------------------------------------------------------


async def confirm(turn: Turn) -> Answer:
    """``notice.confirm:<id>:<version>``."""
    return _change(turn, ConfirmNotice(turn.pressed.id, turn.pressed.count), toast="toast.notice_sent")


async def hold(turn: Turn) -> Answer:
    """``notice.hold:<id>``."""
    return _change(turn, HoldNotice(turn.pressed.id), toast="toast.notice_held")


async def go_on(turn: Turn) -> Answer:
    """``notice.goon:<id>``."""
    return _change(turn, GoOnNotice(turn.pressed.id), toast="toast.notice_sent")


async def stop(turn: Turn) -> Answer:
    """``notice.stop:<id>``: asked once more when some have it already."""
    facts = await own_card(turn)
    if facts.notice.state in ON_ITS_WAY:
        return turned(turn, screens.surely(facts, "stop", voice=await turn.voice()))
    return _change(turn, StopNotice(turn.pressed.id), toast="toast.notice_dropped")


async def stop_yes(turn: Turn) -> Answer:
    """``notice.stopyes:<id>``."""
    return _change(turn, StopNotice(turn.pressed.id), toast="toast.notice_stopped")


async def withdraw(turn: Turn) -> Answer:
    """``notice.withdraw:<id>``: asked once more."""
    return turned(turn, screens.surely(await own_card(turn), "withdraw", voice=await turn.voice()))


async def withdraw_yes(turn: Turn) -> Answer:
    """``notice.withdrawyes:<id>``."""
    return _change(turn, WithdrawNotice(turn.pressed.id), toast="toast.notice_withdrawing")


async def remind(turn: Turn) -> Answer:
    """``notice.remind:<id>``."""
    return _change(turn, RemindNotice(turn.pressed.id), toast="toast.notice_reminding")


async def ask_again(turn: Turn) -> Answer:
    """``notice.again:<id>``: everybody who has it is asked to look at what was corrected."""
    return _change(turn, AskAgain(turn.pressed.id), toast="toast.notice_again")


# --- how it fares -------------------------------------------------------------------------------------------------------


async def report(turn: Turn) -> Answer:
    """``notice.report:<id>``."""
    return turned(
        turn, notice_lists.report(await turn.read(SeeReport(turn.pressed.id)), voice=await turn.voice())
    )


async def sheet(turn: Turn) -> Answer:
    """``notice.sheet:<id>``: the report as a workbook, building by building and recipient by recipient."""
    found: Report = await turn.read(SeeReport(turn.pressed.id))
    voice = await turn.voice()
    words = await turn.say("notice.sheet_sent", number=turn.pressed.id)
    called = _file(voice, "notice.sheet_file", turn.pressed.id, "xlsx")

    async def written() -> Message:
        from views.notice_sheet import ReportBook

        book = await asyncio.to_thread(ReportBook, found, voice=voice)
        after: int | None = 0
        while after is not None:
            rows: ReadingPage = await turn.read(ExportReadings(turn.pressed.id, after))
            await asyncio.to_thread(book.add, rows.rows)
            after = rows.next_after
        content = await asyncio.to_thread(book.content)
        return replace(words, upload=Upload(called, content))

    return made(written)


async def chart(turn: Turn) -> Answer:
    """``notice.chart:<id>``: the report as a picture."""
    found: Report = await turn.read(SeeReport(turn.pressed.id))
    voice = await turn.voice()
    words = await turn.say("notice.chart_sent", number=turn.pressed.id)
    called = _file(voice, "notice.chart_file", turn.pressed.id, "png")

    async def drawn() -> Message:
        from views.notice_chart import chart as picture

        content = await asyncio.to_thread(picture, found, voice=voice)
        return replace(words, upload=Upload(called, content))

    return made(drawn)


def _file(voice: Voice, key: str, number: int, ending: str) -> str:
    """What somebody keeps it as, with its day: the next one says something else."""
    return file_name(plain(voice.say(key, number=number, day=voice.today.isoformat())), ending)


async def calls(turn: Turn) -> Answer:
    """``notice.calls:<id>[:<page>]``."""
    wanted = turn.pressed.count if turn.pressed.arg else 1
    found = await turn.read(SeeCalls(turn.pressed.id, wanted))
    return turned(turn, notice_lists.calls(found, voice=await turn.voice()))


async def called(turn: Turn) -> Answer:
    """``notice.called:<id>:<person>``: I have told them."""
    shown = Reply(
        "notice.calls",
        turn.who.telegram_id,
        subject_id=turn.pressed.id,
        edit_message_id=turn.pressed.message_id,
    )
    return Do(TickOffCall(turn.pressed.id, turn.pressed.count), replies=(shown,), toast="toast.notice_called")


FORMS: tuple[Form, ...] = (NEW, TEXT, FILES, TIME)
