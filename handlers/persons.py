"""What staff change about a person: entering, correcting, suspending and restoring, merging."""

from __future__ import annotations

from typing import Any

from domain.base import NOT_FOUND, Refused
from domain.merging import MergePeople, ShareOwnPhone
from domain.people_seen import LikeThem, ListProxies, PersonCard, SeeTwins, Twins, TwinsOf
from domain.permissions import Permission
from domain.queries import PersonRow, SeeCard, UnitsInCharge
from domain.roster import MAX_REASON, MAX_WORDS, CorrectPerson, EnterPerson, RestorePerson, SuspendPerson
from handlers import forms, parsing, steps
from handlers.forms import Answers, Form, Said, Step, Taken
from handlers.turn import Answer, Do, Turn
from storage.drafts import Draft
from views import rosterforms as screens


async def seen(turn: Turn, may: str) -> PersonCard:
    """The pressed person, on whose card the reader has this button. Raises Refused."""
    facts: PersonCard = (await turn.read(SeeCard("person.card", turn.pressed.id))).facts
    if may not in facts.may:
        raise Refused(NOT_FOUND)
    return facts


def chosen(said: Said, rows: tuple[PersonRow, ...]) -> PersonRow:
    """The pressed one of those shown. A forged choice is not found."""
    found = next((row for row in rows if str(row.id) == said.arg), None)
    if found is None:
        raise Refused(NOT_FOUND)
    return found


def words_for_search(said: Said) -> str:
    """What was typed to look for somebody."""
    return parsing.plain(said.text)[:MAX_WORDS]


# --- entering somebody ------------------------------------------------------------------------------------------------


async def new(turn: Turn) -> Answer:
    """``person.new:0``."""
    if not (await turn.read(UnitsInCharge(to=Permission.ENTER_PERSON))).rows:
        raise Refused(NOT_FOUND)
    return await forms.begin(turn, ENTER, {})


async def _twins(turn: Turn, answers: Answers) -> Any:
    return await turn.read(
        LikeThem(
            int(answers["unit_id"]),
            str(answers["name"]),
            str(answers["flat"]),
            str(answers.get("phone") or ""),
        )
    )


async def _name(turn: Turn, said: Said, answers: Answers) -> Taken:
    taken = {"name": parsing.name(said.text), "phone": None}
    return Taken({**taken, "twins": bool(await _twins(turn, {**answers, **taken}))})


async def _phone(turn: Turn, said: Said, answers: Answers) -> Taken:
    taken = {"phone": parsing.phone(said.text)}
    return Taken({**taken, "twins": bool(await _twins(turn, {**answers, **taken}))})


async def _proxies(turn: Turn, answers: Answers) -> Any:
    if not answers.get("proxy_words"):
        return ()
    return await turn.read(ListProxies(int(answers["unit_id"]), str(answers["proxy_words"])))


async def _proxy(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.verb:
        row = chosen(said, await _proxies(turn, answers))
        return Taken({"proxy_id": row.id, "proxy": row.name})
    words = words_for_search(said)
    if not await _proxies(turn, {**answers, "proxy_words": words}):
        raise Refused("roster.no_proxy_found", text=words)
    return Taken({"proxy_words": words}, stay=True)


def _enter(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        EnterPerson(
            unit_id=int(answers["unit_id"]),
            name=str(answers["name"]),
            flat=str(answers["flat"]),
            phone=answers.get("phone"),
            proxy_id=answers.get("proxy_id"),
            sure=bool(answers.get("twins")),
        ),
        replies=(turn.words("roster.entered", edit=draft.message_id, name=str(answers["name"])),),
        toast="toast.saved",
    )


ENTER = Form(
    "person",
    (
        Step(
            "unit",
            take=steps.unit,
            verbs=("person.unit", "person.here"),
            choices=steps.unit_choices(Permission.ENTER_PERSON),
            screen=screens.asks("ask.person_unit", screens.units),
        ),
        Step("flat", take=steps.typed("flat", parsing.flat), screen=screens.asks("ask.person_flat")),
        Step("name", take=_name, screen=screens.asks("ask.person_name")),
        Step("phone", take=_phone, skippable=True, screen=screens.asks("ask.person_phone")),
        Step(
            "proxy",
            take=_proxy,
            verbs=("person.proxy",),
            skippable=True,
            choices=_proxies,
            screen=screens.asks("ask.person_proxy", screens.people("person.proxy")),
        ),
        Step(
            "same",
            goes_on=("person.another",),
            when=lambda answers: bool(answers.get("twins")),
            choices=_twins,
            screen=screens.known_already,
        ),
        Step("check", submits=("form.submit",), screen=screens.entry),
    ),
    submit=_enter,
)


# --- correcting ---------------------------------------------------------------------------------------------------------


async def correct(turn: Turn) -> Answer:
    """``person.correct:<id>``."""
    facts = await seen(turn, "correct")
    return await forms.begin(turn, CORRECT, {"person_id": facts.id, "who": facts.name})


def _corrects(what: str) -> Any:
    return lambda answers: answers.get("what") == what


def _correct(turn: Turn, answers: Answers, draft: Draft) -> Do:
    person_id, what = int(answers["person_id"]), str(answers["what"])
    value = str(answers[what])
    return Do(
        CorrectPerson(
            person_id,
            name=value if what == "name" else None,
            phone=value if what == "phone" else None,
            flat=value if what == "flat" else None,
        ),
        replies=(turn.words("toast.saved"), turn.new_card("person.card", person_id)),
    )


CORRECT = Form(
    "rectify",
    (
        Step(
            "what",
            take=steps.one_of("what", lambda turn, answers: ("name", "phone", "flat")),
            verbs=("person.what",),
            screen=screens.asks("ask.correct_what", screens.what_to_correct),
        ),
        Step(
            "name",
            take=steps.typed("name", parsing.name),
            when=_corrects("name"),
            screen=screens.asks("ask.person_name"),
        ),
        Step(
            "phone",
            take=steps.typed("phone", parsing.phone),
            when=_corrects("phone"),
            screen=screens.asks("ask.correct_phone"),
        ),
        Step(
            "flat",
            take=steps.typed("flat", parsing.flat),
            when=_corrects("flat"),
            screen=screens.asks("ask.person_flat"),
        ),
    ),
    submit=_correct,
)


# --- suspending ---------------------------------------------------------------------------------------------------------


async def suspend(turn: Turn) -> Answer:
    """``person.suspend:<id>``."""
    facts = await seen(turn, "suspend")
    return await forms.begin(turn, SUSPEND, {"person_id": facts.id, "who": facts.name})


async def restore(turn: Turn) -> Answer:
    """``person.restore:<id>``."""
    card = turn.card("person.card", turn.pressed.id)
    return Do(RestorePerson(turn.pressed.id), replies=(card,), if_refused=card, toast="toast.saved")


def _suspend(turn: Turn, answers: Answers, draft: Draft) -> Do:
    person_id = int(answers["person_id"])
    return Do(
        SuspendPerson(person_id, str(answers["reason"])),
        replies=(
            turn.words("roster.suspended", name=str(answers["who"])),
            turn.new_card("person.card", person_id),
        ),
    )


SUSPEND = Form(
    "suspend",
    (
        Step(
            "reason",
            take=steps.words("reason", most=MAX_REASON),
            screen=screens.asks("ask.suspend_reason"),
        ),
    ),
    submit=_suspend,
)


# --- merging ------------------------------------------------------------------------------------------------------------


async def merge(turn: Turn) -> Answer:
    """``person.merge:<id>``."""
    facts = await seen(turn, "merge")
    return await forms.begin(turn, MERGE, {"person_id": facts.id, "who": facts.name})


async def _alike(turn: Turn, answers: Answers) -> Any:
    return await turn.read(TwinsOf(int(answers["person_id"]), str(answers.get("words") or "")))


async def _other(turn: Turn, said: Said, answers: Answers) -> Taken:
    if said.verb:
        return Taken({"other_id": chosen(said, await _alike(turn, answers)).id})
    words = words_for_search(said)
    if not await _alike(turn, {**answers, "words": words}):
        raise Refused("roster.nobody_like_that", text=words)
    return Taken({"words": words}, stay=True)


async def _both(turn: Turn, answers: Answers) -> Twins:
    twins: Twins = await turn.read(SeeTwins(int(answers["person_id"]), int(answers["other_id"])))
    return twins


def _merge(turn: Turn, answers: Answers, draft: Draft) -> Do:
    return Do(
        MergePeople(int(answers["person_id"]), int(answers["other_id"])),
        replies=(turn.words("roster.merged", edit=draft.message_id),),
        toast="toast.saved",
    )


MERGE = Form(
    "merge",
    (
        Step(
            "other",
            take=_other,
            verbs=("person.other",),
            choices=_alike,
            screen=screens.asks("ask.merge_other", screens.people("person.other")),
        ),
        Step("check", submits=("form.submit",), choices=_both, screen=screens.merging),
    ),
    submit=_merge,
)


# --- one's own number ---------------------------------------------------------------------------------------------------


async def own_phone(turn: Turn) -> Answer:
    """A contact sent out of the blue. Only one's own counts: a client can share anybody's."""
    contact = turn.message.contact if turn.message else None
    if contact is None or contact.user_id != turn.who.telegram_id:
        raise Refused("form.contact_not_own")
    return Do(
        ShareOwnPhone(parsing.contact_phone(contact.phone_number)), replies=(turn.words("roster.phone_kept"),)
    )


FORMS: tuple[Form, ...] = (ENTER, CORRECT, SUSPEND, MERGE)
