"""Arrival and finding one's way: start and its deep links, language, consent, home, menu, help, cancel.

Whoever is not known yet is led here from everywhere, and what they wrote meanwhile is kept in the draft until they
have arrived.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import structlog

from domain.alarms import has_danger
from domain.base import NOT_FOUND, Content, Refused, Scalar
from domain.limits import Counted
from domain.people import LANGUAGES, ChooseHome, ChooseLanguage, GiveConsent
from domain.permissions import asked_again
from domain.queries import SeeRights, UnitByCode, UnitChildren, UnitLevel, UnitRow
from handlers import forms, lessons, meetings, notice_readers, privacy, raising, requests, tasks
from handlers.forms import ARRIVAL
from handlers.limits import minutes
from handlers.turn import Answer, Do, Say, Show, Turn, sent, turned
from storage.drafts import CLEAR, KEEP, Draft, DraftChange
from storage.outbox import Reply
from storage.unit import Opening
from views import people as screens
from views import rights as rights_screens
from views.safe import plain

log = structlog.get_logger(__name__)

_LINK = re.compile(r"([lmnrtu])-([A-Za-z0-9_-]{1,62})", flags=re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}")


def has_consented(opening: Opening) -> bool:
    """Whether this person said yes. Somebody who was given a role is known before that."""
    return opening.person is not None and opening.person.consent_version is not None


def has_arrived(opening: Opening) -> bool:
    """Whether this person said yes and has a home."""
    return has_consented(opening) and opening.actor.home_unit_id is not None


async def start(turn: Turn) -> Answer:
    """``/start``, maybe from a printed code or a link to a thing."""
    opening = await turn.opening()
    link = _LINK.fullmatch(payload_of(turn))
    code = link[2] if link is not None and link[1] == "u" else ""
    if not has_arrived(opening):
        return await arrive(turn, code=code)
    if code:
        unit = await _by_code(turn, code)
        return sent(screens.home_picker(await level_of(turn, unit.id), voice=await turn.voice()))
    if link is not None and link[1] == "m":
        return await meetings.linked(turn, link[2])
    if link is not None and _NUMBER.fullmatch(link[2]):
        subject = int(link[2])
        if link[1] == "l":
            return await lessons.show_lesson(turn, subject)
        if link[1] == "n":
            return await notice_readers.show_copy(turn, subject)
        return await (requests.open_card(turn, subject) if link[1] == "r" else tasks.open_card(turn, subject))
    voice = await turn.voice()
    return sent(screens.menu(voice=voice, note=voice.say("start.known", name=opening.actor.name)))


def payload_of(turn: Turn) -> str:
    """What stands after the command."""
    words = (turn.message.text if turn.message else None) or ""
    return words.partition(" ")[2].strip()


# --- arrival ----------------------------------------------------------------------------------------------------------


async def arrive(turn: Turn, *, code: str = "", content: Content | None = None) -> Answer:
    """The next step of arriving: the first words, consent, home. ``content`` is kept, ``code`` is where they live."""
    opening = await turn.opening()
    draft = opening.draft
    answers: dict[str, Any] = dict(draft.answers) if draft and draft.form == ARRIVAL else {}
    says: list[Say] = []
    if code:
        answers["unit"] = code
    if content is not None:
        same_album = bool(content.album) and content.album == answers.get(forms.ALBUM)
        answers |= (await forms.gather(turn, forms.Said(content=content), answers)).answers
        if same_album and draft is not None:
            return Show(
                draft=Draft(ARRIVAL, draft.step, answers, forms.next_version(draft), draft.message_id)
            )
        says = [Say(await turn.say("stray.kept"))]
        if has_danger(content.text, turn.rules):
            says = [Say(await turn.say("alarm.numbers"))]
    voice = await turn.voice()
    if has_consented(opening):
        # Where they came in by a printed code they are asked about again, whatever they say in between.
        unit_id = await _unit_of(turn, str(answers.get("unit", "")))
        if not unit_id:
            answers.pop("unit", None)
        screen = screens.home_picker(await level_of(turn, unit_id), voice=voice)
    elif "language" in answers:
        screen = screens.consent(voice=voice)
    else:
        screen = screens.hello(voice=voice)
    return Show((*says, Say(screen)), draft=Draft(ARRIVAL, "arrival", answers, forms.next_version(draft)))


async def pick_language(turn: Turn) -> Answer:
    """``language.pick:0:<code>``: for a newcomer the next step is consent, in that language."""
    code, opening = turn.pressed.arg, await turn.opening()
    draft = opening.draft
    if code not in LANGUAGES:
        raise Refused(NOT_FOUND)
    if has_consented(opening):
        kind = ("menu", None) if has_arrived(opening) else ("home.picker", 0)
        return Do(ChooseLanguage(code), replies=(_in_place(turn, *kind, note="language.set"),))
    answers = draft.answers if draft and draft.form == ARRIVAL else {}
    consent = screens.consent(voice=await turn.voice(language=code))
    kept = Draft(ARRIVAL, "arrival", {**answers, "language": code}, forms.next_version(draft))
    return replace(turned(turn, consent), draft=kept)


async def consent_yes(turn: Turn) -> Answer:
    """Consent to the version that was read; then the home is asked."""
    opening = await turn.opening()
    again = asked_again(opening.actor, turn.rules)
    if turn.pressed.id != turn.rules.consent_version:
        return turned(turn, screens.consent(voice=await turn.voice(), again=again))
    draft = opening.draft
    if again:
        replies, change = await privacy.agreed(turn)
        return Do(
            GiveConsent(turn.who.telegram_id, turn.who.name, opening.actor.language),
            draft=change,
            replies=replies,
        )
    answers = draft.answers if draft and draft.form == ARRIVAL else {}
    code = str(answers.get("unit", ""))
    unit_id = await _unit_of(turn, code)
    note = "home.unknown_code" if code and not unit_id else "consent.thanks"
    return Do(
        GiveConsent(telegram_id=turn.who.telegram_id, name=turn.who.name, language=await turn.language()),
        draft=Draft(ARRIVAL, "arrival", dict(answers), forms.next_version(draft)),
        replies=(_in_place(turn, "home.picker", unit_id, note=note),),
    )


async def consent_no(turn: Turn) -> Answer:
    """Nothing is kept of who does not want it, not even the words sent so far. Who is known decides what becomes of it."""
    opening = await turn.opening()
    if asked_again(opening.actor, turn.rules):
        return await privacy.declined(turn)
    if has_consented(opening):
        return await privacy.see(turn)
    return Show((Say(await turn.say("consent.refused"), edit=turn.pressed.message_id),), draft=CLEAR)


async def _unit_of(turn: Turn, code: str) -> int:
    """The unit with a printed code; 0, the top of the tree, when the code says nothing any more."""
    try:
        return int((await _by_code(turn, code)).id) if code else 0
    except Refused:
        return 0


async def _by_code(turn: Turn, code: str) -> UnitRow:
    """The unit with a printed code. Who has tried many that there are none of is guessing: then none is looked up."""
    who = turn.who.telegram_id
    if seconds := turn.limits.wait(Counted.CODES, who):
        raise Refused("limits.codes", count=minutes(seconds))
    try:
        unit: UnitRow = await turn.read(UnitByCode(code))
    except Refused:
        turn.limits.count(Counted.CODES, who)
        if turn.limits.wait(Counted.CODES, who):
            log.warning("join codes are being guessed", telegram_id=who)
        raise
    return unit


async def level_of(turn: Turn, unit_id: int, after: int = 0) -> UnitLevel:
    """A page of one level of the tree; 0 is the top."""
    level: UnitLevel = await turn.read(UnitChildren(unit_id or None, after))
    return level


async def pick_unit(turn: Turn) -> Answer:
    """``unit.pick:<id>[:<after>]``: one level down, or this is the home; or the next page of a level."""
    after = turn.pressed.count if turn.pressed.arg else 0
    level = await level_of(turn, turn.pressed.id, after)
    if level.above is not None and not level.rows and not after:
        return await take_home(turn)
    return turned(turn, screens.home_picker(level, voice=await turn.voice()))


async def take_home(turn: Turn) -> Answer:
    """``unit.here:<id>``: live here. Words sent before the arrival are offered to be passed on."""
    opening = await turn.opening()
    draft, actor = opening.draft, opening.actor
    level = await level_of(turn, turn.pressed.id)
    if level.above is None:
        raise Refused(NOT_FOUND)
    place = plain((await turn.voice()).place(level.above.place))
    # What was said here before they came, if any of it still holds; the offer below is a question and stands last.
    replies: tuple[Reply, ...] = (
        _in_place(turn, "menu", note="home.set", place=place),
        Reply("notice.waiting", turn.chat_id, subject_id=0),
    )
    change: Draft | DraftChange = KEEP
    if draft is not None and draft.form == ARRIVAL:
        change = CLEAR
        if parts := draft.answers.get(forms.CONTENTS):
            answers = {**raising.first_answers(actor), raising.OUT_OF_THE_BLUE: True, forms.CONTENTS: parts}
            version = forms.next_version(draft)
            change = Draft(raising.RAISE.name, raising.OFFER, answers, version)
            replies = (*replies, Reply("request.pass_on", turn.chat_id, params={"version": version}))
    return Do(ChooseHome(turn.pressed.id), replies=replies, draft=change)


def _in_place(turn: Turn, kind: str, subject_id: int | None = None, /, **params: Scalar) -> Reply:
    return Reply(
        kind, turn.chat_id, subject_id=subject_id, params=params, edit_message_id=turn.pressed.message_id
    )


# --- finding one's way --------------------------------------------------------------------------------------------------


async def language(turn: Turn) -> Answer:
    """``/language``."""
    return sent(screens.languages(voice=await turn.voice()))


async def menu(turn: Turn) -> Answer:
    """``/menu``."""
    return sent(screens.menu(voice=await turn.voice()))


async def rights(turn: Turn) -> Answer:
    """``/rights``: what one may do, and by which appointment."""
    return sent(rights_screens.rights(await turn.read(SeeRights()), voice=await turn.voice()))


async def help_me(turn: Turn) -> Answer:
    """``/help``: an open form stays open."""
    return sent(screens.help_screen(voice=await turn.voice()))


async def cancel(turn: Turn) -> Answer:
    """``/cancel``: leave whatever form is open."""
    if (await turn.opening()).draft is None:
        return sent(await turn.say("cancel.nothing"))
    return await forms.give_up(turn)
