"""Check-in 双报到: the form, the secretary's decision, and what a member does with a check-in in force."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from domain.base import NOT_FOUND, Refused
from domain.checkins.shapes import (
    MAX_BRANCH,
    MAX_QUESTION,
    ApproveCheckIn,
    AskCheckIn,
    ChangeCheckIn,
    CheckinState,
    KeepConfirmation,
    LeaveCheckIn,
    RenewCheckIn,
    ReturnCheckIn,
    TellJoined,
    WithdrawCheckIn,
)
from domain.checkins.shown import CheckinFacts, CheckinPapers, PlacesToServe, SeeOwnCheckin
from domain.queries import SeeCard, UnitLevel
from domain.spare_time import toggled
from handlers import forms, parsing, people, steps
from handlers.contents import restored
from handlers.forms import CONTENTS, Answers, Form, Said, Step, Taken
from handlers.turn import Answer, Do, Say, Show, Turn, made, sent, turned
from storage.drafts import Draft
from storage.outbox import Reply
from views import checkins as screens
from views.forms import Prompt
from views.message import Message, Upload
from views.voice import Voice

MINE = "checkin.mine"
CARD = "checkin.card"
LETTER_FILE = "checkin-confirmation.pdf"

# --- the steps --------------------------------------------------------------------------------------------------------


async def _places(turn: Turn, answers: Answers) -> UnitLevel:
    level: UnitLevel = await turn.read(PlacesToServe())
    return level


async def _unit(turn: Turn, said: Said, answers: Answers) -> Taken:
    rows = {str(row.id): row for row in (await _places(turn, answers)).rows}
    row = rows[steps.chosen(said, rows.keys())]
    return Taken({"unit_id": row.id, "unit_zh": row.place.zh, "unit_en": row.place.en})


async def _branch(turn: Turn, said: Said, answers: Answers) -> Taken:
    """Typed, or "right here", which is kept as no words at all; "keep" leaves it as it was."""
    if not said.verb:
        return Taken({"branch": parsing.one_line(said.text, most=MAX_BRANCH, key="checkin.branch_wrong")})
    kept = ("keep",) if "branch" in answers else ()
    return Taken({"branch": ""} if steps.chosen(said, ("here", *kept)) == "here" else {})


async def _skill(turn: Turn, said: Said, answers: Answers) -> Taken:
    """One press puts a skill in or takes it out."""
    code = steps.chosen(said, [skill.code for skill in turn.rules.skills])
    before = set(answers.get("skills") or ())
    after = before ^ {code}
    return Taken({"skills": [skill.code for skill in turn.rules.skills if skill.code in after]}, stay=True)


async def _free(turn: Turn, said: Said, answers: Answers) -> Taken:
    if not said.verb:
        raise Refused("form.choose_button")
    if said.arg in ("days", "sets"):
        return Taken({"by_day": said.arg == "days"}, stay=True)
    return Taken({"free": list(toggled(answers.get("free") or (), said.arg))}, stay=True)


def _check(prompt: Prompt, voice: Voice) -> Message:
    return screens.check(prompt.answers, version=prompt.version, voice=voice)


async def _joined(turn: Turn, said: Said, answers: Answers) -> Taken:
    """A day of the past, or none any more."""
    if said.verb:
        steps.chosen(said, ("none",))
        return Taken({"joined": ""})
    try:
        day = parsing.past_day(said.text, today=turn.today)
        if str(day.year) not in parsing.plain(said.text):
            # Without a year the last such day would be meant, and hardly anybody joined within the year.
            raise Refused("checkin.joined_wrong")
    except Refused:
        raise Refused("checkin.joined_wrong") from None
    return Taken({"joined": day.isoformat()})


BRANCH = Step("branch", take=_branch, verbs=("checkin.branch",))
SKILLS = Step("skills", take=_skill, verbs=("checkin.skill",), goes_on=("checkin.enough",))
FREE = Step("free", take=_free, verbs=("checkin.free",), goes_on=("checkin.enough",))

# --- checking in ------------------------------------------------------------------------------------------------------


def _ask(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        AskCheckIn(
            unit_id=int(answers["unit_id"]),
            branch=str(answers["branch"]),
            skills=tuple(answers.get("skills") or ()),
            free=tuple(answers.get("free") or ()),
        ),
        replies=(turn.words("checkin.sent", edit=draft.message_id),),
    )


CHECKIN = Form(
    "checkin",
    (
        Step("unit", take=_unit, verbs=("checkin.unit",), choices=_places),
        BRANCH,
        SKILLS,
        FREE,
        Step("check", submits=("form.submit",), screen=_check, explains=False),
    ),
    submit=_ask,
)


async def checkin(turn: Turn) -> Answer:
    """``/checkin``: the form for who is not checked in, filled in with what was said before; else how it stands."""
    opening = await turn.opening()
    if not people.has_arrived(opening):
        return await people.arrive(turn)
    if opening.actor.suspended:
        raise Refused("refused.suspended")
    facts: CheckinFacts | None = await turn.read(SeeOwnCheckin())
    if facts is None:
        return await _begin(turn, {})
    if facts.state is CheckinState.ASKED or (facts.state is CheckinState.APPROVED and facts.serving):
        return Show(replies=(turn.new_card(MINE, facts.id),))
    show = await _begin(turn, _answered(turn, facts))
    if facts.state is not CheckinState.RETURNED or not show.says:
        return show
    question = screens.returned({}, facts, await turn.voice())
    return replace(show, says=(Say(replace(question, keyboard=())), *show.says))


async def _begin(turn: Turn, answers: Answers) -> Show:
    if not (await _places(turn, answers)).rows:
        return sent(await turn.say("checkin.no_place"))
    return await forms.begin(turn, CHECKIN, answers)


def _answered(turn: Turn, facts: CheckinFacts) -> Answers:
    """The former answers; skills that are no longer in the list fall out."""
    known = [code for code in facts.skills if turn.rules.skill(code)]
    return {
        "unit_id": facts.unit_id,
        "unit_zh": facts.place.zh,
        "unit_en": facts.place.en,
        "branch": facts.branch,
        "skills": known,
        "free": list(facts.free),
        "joined": facts.joined_on.isoformat() if facts.joined_on else "",
    }


# --- the secretary ----------------------------------------------------------------------------------------------------


async def _to_approve(turn: Turn) -> CheckinFacts:
    """The pressed check-in as its secretary sees it. Raises Refused for everyone else."""
    card = await turn.read(SeeCard(CARD, turn.pressed.id))
    if not isinstance(card.facts, CheckinFacts):
        raise Refused(NOT_FOUND)
    return card.facts


async def see(turn: Turn) -> Answer:
    """``checkin.see:<id>``, from the desk's list."""
    await _to_approve(turn)
    return Show(replies=(turn.new_card(CARD, turn.pressed.id),))


async def approve(turn: Turn) -> Answer:
    """``checkin.approve:<id>:<version>``."""
    card = turn.card(CARD, turn.pressed.id)
    action = ApproveCheckIn(turn.pressed.id, turn.pressed.count)
    return Do(action, replies=(card,), if_refused=card, toast="toast.approved")


def _send_back(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        ReturnCheckIn(int(answers["checkin_id"]), int(answers["version"]), str(answers["reason"])),
        replies=(turn.words("checkin.asked_back", edit=draft.message_id),),
    )


RETURN = Form(
    "checkin_return", (Step("reason", take=steps.words("reason", most=MAX_QUESTION)),), submit=_send_back
)


async def send_back(turn: Turn) -> Answer:
    """``checkin.sendback:<id>:<version>``: what is missing? A card that is out of date shows as it is now."""
    facts = await _to_approve(turn)
    if facts.state is not CheckinState.ASKED or facts.version != turn.pressed.count:
        stale = "checkin.has_changed" if facts.state is CheckinState.ASKED else "checkin.not_now"
        return Show(replies=(turn.card(CARD, facts.id),), toast=stale, alert=True)
    return await forms.begin(turn, RETURN, {"checkin_id": facts.id, "version": facts.version})


async def papers(turn: Turn) -> Answer:
    """``checkin.papers:<id>``: the confirmations handed in, for the member and for the secretary."""
    parts = await turn.read(CheckinPapers(turn.pressed.id))
    return sent(*screens.papers(parts, voice=await turn.voice()))


# --- in force ---------------------------------------------------------------------------------------------------------


async def _own(turn: Turn) -> CheckinFacts:
    """The reader's own check-in, which must be the pressed one. Raises Refused otherwise."""
    facts: CheckinFacts | None = await turn.read(SeeOwnCheckin())
    if facts is None or facts.id != turn.pressed.id:
        raise Refused(NOT_FOUND)
    return facts


async def _serving(turn: Turn) -> CheckinFacts:
    facts = await _own(turn)
    if facts.state is not CheckinState.APPROVED or not facts.serving:
        raise Refused("checkin.not_in_force")
    return facts


def _shown(turn: Turn, answers: Answers) -> Reply:
    return turn.new_card(MINE, int(answers["checkin_id"]))


def _saved(turn: Turn, draft: Draft) -> Reply:
    return turn.words("toast.saved", edit=draft.message_id)


def _change_skills(turn: Turn, answers: Answers, draft: Draft) -> Do:
    action = ChangeCheckIn(skills=tuple(answers.get("skills") or ()))
    return Do(action, replies=(_saved(turn, draft), _shown(turn, answers)))


def _change_free(turn: Turn, answers: Answers, draft: Draft) -> Do:
    action = ChangeCheckIn(free=tuple(answers.get("free") or ()))
    return Do(action, replies=(_saved(turn, draft), _shown(turn, answers)))


def _change_branch(turn: Turn, answers: Answers, draft: Draft) -> Do:
    action = ChangeCheckIn(branch=str(answers["branch"]))
    return Do(action, replies=(_saved(turn, draft), _shown(turn, answers)))


def _tell_joined(turn: Turn, answers: Answers, draft: Draft) -> Do:
    day = str(answers.get("joined") or "")
    action = TellJoined(date.fromisoformat(day) if day else None)
    return Do(action, replies=(_saved(turn, draft), _shown(turn, answers)))


def _renew(turn: Turn, answers: Answers, draft: Draft) -> Do:
    action = RenewCheckIn(str(answers["branch"]))
    return Do(action, replies=(_saved(turn, draft), _shown(turn, answers)))


CHANGES = {
    "skills": Form("checkin_skills", (SKILLS,), submit=_change_skills),
    "free": Form("checkin_free", (FREE,), submit=_change_free),
    "branch": Form("checkin_branch", (BRANCH,), submit=_change_branch),
    "joined": Form(
        "checkin_joined", (Step("joined", take=_joined, verbs=("checkin.joined",)),), submit=_tell_joined
    ),
}
RENEW = Form("checkin_renew", (BRANCH,), submit=_renew)


async def change(turn: Turn) -> Answer:
    """``checkin.change:<id>:<skills|free|branch|joined>``."""
    facts = await _serving(turn)
    if turn.pressed.arg not in CHANGES:
        raise Refused(NOT_FOUND)
    answers = {**_answered(turn, facts), "checkin_id": facts.id}
    return await forms.begin(turn, CHANGES[turn.pressed.arg], answers)


async def renew(turn: Turn) -> Answer:
    """``checkin.renew:<id>``: is the branch the same?"""
    facts = await _serving(turn)
    return await forms.begin(turn, RENEW, {"checkin_id": facts.id, "branch": facts.branch})


async def withdraw(turn: Turn) -> Answer:
    """``checkin.withdraw:<id>``."""
    card = turn.card(MINE, (await _own(turn)).id)
    return Do(WithdrawCheckIn(), replies=(card,), if_refused=card, toast="toast.saved")


async def leave(turn: Turn) -> Answer:
    """``checkin.leave:<id>``: asked once more."""
    facts = await _own(turn)
    if not facts.serving:
        raise Refused("checkin.not_in_force")
    return turned(turn, screens.sure_to_leave(facts, voice=await turn.voice()))


async def leave_yes(turn: Turn) -> Answer:
    """``checkin.leaveyes:<id>``."""
    card = turn.card(MINE, (await _own(turn)).id)
    return Do(LeaveCheckIn(), replies=(card,), if_refused=card, toast="toast.left")


async def stay(turn: Turn) -> Answer:
    """``checkin.stay:<id>``: the card as it was."""
    return Show(replies=(turn.card(MINE, (await _own(turn)).id),), toast="toast.kept")


# --- the home branch's paper --------------------------------------------------------------------------------------------


async def letter(turn: Turn) -> Answer:
    """``checkin.letter:<id>``: a letter to the branch, always in Chinese; with English below for who reads that."""
    facts = await _serving(turn)
    if not facts.branch:
        raise Refused(NOT_FOUND)
    voice = await turn.voice()
    title, *lines = screens.confirmation_lines(facts, voice=await turn.voice(language="zh"))
    if not voice.chinese:
        lines += ("", "", *screens.confirmation_lines(facts, voice=voice))
    words = await turn.say("checkin.letter_sent")

    async def printed() -> Message:
        content = await asyncio.to_thread(_printed, title, lines)
        return replace(words, upload=Upload(LETTER_FILE, content))

    return made(printed)


def _printed(title: str, lines: Sequence[str]) -> bytes:
    """The letter as a PDF. Runs beside the loop: what draws it takes long to load the first time."""
    from views.paper import letter as drawn

    return drawn(title, lines)


def _hand_in(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        KeepConfirmation(restored(answers.get(CONTENTS) or ())),
        replies=(turn.words("checkin.paper_kept", edit=draft.message_id), _shown(turn, answers)),
    )


CONFIRMATION = Form("confirmation", (Step("words", gathers=True, goes_on=("form.done",)),), submit=_hand_in)


async def hand_in(turn: Turn) -> Answer:
    """``checkin.confirm:<id>``: photos or a file of what the branch has signed."""
    return await forms.begin(turn, CONFIRMATION, {"checkin_id": (await _own(turn)).id})


FORMS: tuple[Form, ...] = (CHECKIN, RETURN, *CHANGES.values(), RENEW, CONFIRMATION)
