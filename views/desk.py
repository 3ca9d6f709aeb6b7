"""Requests as staff read them: the card on which one is triaged, and the list of what waits."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.desk import COUNTED, DeskCall, DeskCounts
from domain.queries import Contact, DeskFacts, DeskRow, Page, RequestNews, Words
from domain.requests import RequestState
from domain.rulebook import URGENCIES
from views.message import Button, Keyboard, Message
from views.requests import helper_names, stars_line, title
from views.safe import Html, line, plain, words
from views.voice import Voice, block, card, press, rows

MOST_PLACES_SHOWN = 6
CALL_TITLE = 40


def who_and_where(contact: Contact, place: Html, *, voice: Voice) -> Html:
    """Name, address and phone, as far as the reader may have them."""
    name = voice.say("contact.name_hidden") if contact.name_hidden else line(contact.name, limit=64)
    return block(
        voice.say("contact.address", place=place, flat=line(contact.flat, limit=40))
        if contact.flat
        else voice.say("contact.place", place=place),
        voice.say("contact.name", name=name) if name else "",
        voice.say("contact.phone", phone=line(contact.phone, limit=32)) if contact.phone else "",
    )


def desk_card(params: Mapping[str, Scalar], facts: DeskFacts, voice: Voice) -> Message:
    """All that is needed to decide: what, where, who, how urgent, and by when an answer is due."""
    return Message(
        card(
            voice.on_top(params),
            block(
                f"<b>{title(facts.id, facts.category, voice=voice)}</b> · {voice.term('urgency', facts.urgency)}",
                _state(facts, voice),
                voice.say("desk.sensitive") if facts.sensitive else "",
                voice.say("desk.private") if facts.private and not facts.sensitive else "",
                voice.say("desk.redo", count=facts.redo) if facts.redo else "",
            ),
            block(
                who_and_where(facts.contact, voice.place(facts.place), voice=voice),
                voice.say("desk.proxy", name=facts.proxy) if facts.proxy else "",
            ),
            block(
                voice.quote(facts.words, limit=1200),
                voice.say("request.added_label") if facts.added.text or facts.added.parts else "",
                voice.quote(facts.added, limit=500),
            ),
        ),
        keyboard=_buttons(facts, voice),
    )


def _state(facts: DeskFacts, voice: Voice) -> Html:
    handler = line(facts.handler, limit=40) or voice.say("someone")
    match facts.state:
        case RequestState.SUBMITTED:
            key = "desk.due_late" if facts.answer_due_at < voice.now else "desk.due"
            return voice.say(key, due=voice.when(facts.answer_due_at), raised=voice.when(facts.raised_at))
        case RequestState.DECLINED:
            return block(
                voice.say("desk.declined_by", name=handler),
                voice.say("request.why", reason=words(facts.reason, limit=500)) if facts.reason else "",
            )
        case RequestState.CLOSED_CONFIRMED:
            return voice.say("desk.confirmed", stars=stars_line(facts.stars or 0))
        case RequestState.WITHDRAWN:
            return voice.say("desk.withdrawn")
        case RequestState.CLOSED_SILENT:
            return voice.say("desk.closed_silent")
        case RequestState.CLOSED_NO_ANSWER:
            return block(voice.say("desk.closed_no_answer"), _question(facts, voice))
        case RequestState.WAITING:
            return block(voice.say("desk.waits"), _question(facts, voice))
    due = facts.solve_due_at
    late = due is not None and due < voice.now
    return block(
        voice.say("desk.done")
        if facts.state is RequestState.DONE
        else voice.term("state.request", facts.state),
        voice.say("desk.solve_late" if late else "desk.solve_by", due=voice.when(due))
        if due is not None and facts.state is not RequestState.DONE
        else "",
        voice.say("desk.accepted_by", name=handler),
        voice.say("desk.helpers", names=helper_names(facts.helpers, voice=voice)) if facts.helpers else "",
        voice.say("desk.agreed", span=voice.span(facts.agreed_minutes)) if facts.agreed_minutes else "",
    )


def _question(facts: DeskFacts, voice: Voice) -> Html:
    return (
        voice.say("desk.question", question=words(facts.question, limit=600)) if facts.question else Html("")
    )


def _buttons(facts: DeskFacts, voice: Voice) -> Keyboard:
    number, version = facts.id, facts.version
    keyboard: list[tuple[Button, ...]] = []
    if facts.state is RequestState.SUBMITTED:
        keyboard.append(
            (
                voice.button("button.accept", "request.accept", number, version),
                voice.button("button.correct", "request.correct", number, version),
            )
        )
        if facts.may_decline:
            keyboard.append((voice.button("button.decline", "request.decline", number, version),))
    if facts.state in (RequestState.OPEN, RequestState.IN_PROGRESS):
        keyboard.append((voice.button("button.ask_resident", "request.ask", number, version),))
    if facts.may_verify:
        keyboard.append((voice.button("button.verify", "request.verify", number, version),))
    row = []
    if facts.words.parts or facts.added.parts:
        row.append(voice.button("button.contents", "request.photos", number))
    if facts.task_id is not None and facts.state in (RequestState.OPEN, RequestState.IN_PROGRESS):
        row.append(voice.button("button.see_task", "task.see", facts.task_id))
        row.append(voice.button("button.agree_hours", "request.hours", number))
    return (*keyboard, tuple(row)) if row else tuple(keyboard)


def choose_category(facts: DeskFacts, *, voice: Voice) -> Message:
    """Put the category right before accepting. What is about staff stays so, and nothing else becomes it."""
    choices = (
        Button(plain(voice.category(found.code)), press("request.setcat", facts.id, found.code))
        for found in voice.rules.categories
        if found.sensitive == facts.sensitive
    )
    return _chooser("desk.choose_category", facts, rows(choices, width=2), voice)


def choose_urgency(facts: DeskFacts, *, voice: Voice) -> Message:
    """Put the urgency right before accepting: staff may set any."""
    choices = (voice.button(f"urgency.{code}", "request.seturg", facts.id, code) for code in URGENCIES)
    return _chooser("desk.choose_urgency", facts, rows(choices, width=2), voice)


def choose_places(facts: DeskFacts, *, voice: Voice) -> Message:
    """Accept with more than one place."""
    most = min(MOST_PLACES_SHOWN, voice.rules.max_places)
    choices = (
        voice.button("button.places", "request.places", facts.id, number, count=number)
        for number in range(1, most + 1)
    )
    return _chooser("desk.choose_places", facts, rows(choices, width=3), voice)


def _chooser(key: str, facts: DeskFacts, choices: Keyboard, voice: Voice) -> Message:
    others = {
        "desk.choose_category": ("button.correct_category", facts.version),
        "desk.choose_urgency": ("button.correct_urgency", "u"),
        "desk.choose_places": ("button.correct_places", "p"),
    }
    turns = tuple(
        voice.button(label, "request.correct", facts.id, argument)
        for screen, (label, argument) in others.items()
        if screen != key
    )
    return Message(
        card(
            f"<b>{title(facts.id, facts.category, voice=voice)}</b> · {voice.term('urgency', facts.urgency)}",
            voice.say(key),
        ),
        keyboard=(*choices, turns, (voice.button("button.back", "desk.open", facts.id),)),
    )


def returned(params: Mapping[str, Scalar], facts: RequestNews, voice: Voice) -> Message:
    """For staff: the resident says it is not solved."""
    return Message(
        card(
            voice.say("desk.returned", title=title(facts.id, facts.category, voice=voice), count=facts.redo),
            voice.quote(Words(facts.reason), limit=1500),
        ),
        keyboard=((voice.button("button.see_request", "request.see", facts.id),),),
    )


def counted(number: int) -> str:
    """A number that was counted to a point and no further."""
    return f"{COUNTED}+" if number > COUNTED else str(number)


def _beside(counts: DeskCounts, voice: Voice) -> Keyboard:
    return tuple(
        (voice.button(key, verb, 1, number=counted(number)),)
        for key, verb, number in (
            ("button.desk_answers", "desk.answers", counts.answers),
            ("button.desk_calls", "desk.calls", counts.calls),
        )
        if number
    )


def desk(page: Page[DeskRow], counts: DeskCounts, *, voice: Voice) -> Message:
    """What waits for the reader: alarms first, then by age; answers to notices and calls behind buttons of their own."""
    beside = _beside(counts, voice)
    if not page.rows:
        return Message(voice.say("desk.only_beside" if beside else "desk.none"), keyboard=beside)
    return Message(
        card(voice.say("desk.title", count=page.total), *(_row(row, voice) for row in page.rows)),
        keyboard=(
            *rows((_open(row, voice) for row in page.rows), width=2),
            *voice.pages(page, "desk.page"),
            *beside,
        ),
    )


def _row(row: DeskRow, voice: Voice) -> Html:
    place = voice.place(row.place)
    when = voice.when(row.at)
    if row.kind == "request" and row.due_at is not None:
        key = "desk.row_late" if row.due_at < voice.now else "desk.row_request"
        return voice.say(
            key,
            title=title(row.subject_id, row.category, voice=voice),
            urgency=voice.term("urgency", row.urgency),
            place=place,
            due=voice.when(row.due_at),
        )
    if row.kind == "overdue" and row.due_at is not None:
        return voice.say(
            "desk.row_overdue",
            title=title(row.subject_id, row.category, voice=voice),
            urgency=voice.term("urgency", row.urgency),
            place=place,
            due=voice.when(row.due_at),
        )
    if row.kind in ("unclaimed", "silent"):
        return voice.say(
            "desk.row_unclaimed" if row.kind == "unclaimed" else "desk.row_silent",
            title=title(row.subject_id, row.category, voice=voice),
            place=place,
            when=when,
        )
    if row.kind == "checkin":
        return voice.say("desk.row_checkin", place=place, when=when)
    return voice.say("desk.row_alarm" if row.kind == "alarm" else "desk.row_visit", place=place, when=when)


def _open(row: DeskRow, voice: Voice) -> Button:
    verb = {"alarm": "alarm.see", "visit": "visit.see", "checkin": "checkin.see"}.get(row.kind, "desk.open")
    label = voice.term("desk.kind", row.kind)
    number = voice.say("number", number=row.subject_id) if verb == "desk.open" else ""
    return Button(plain(f"{label} {number}".strip()), press(verb, row.subject_id))


# --- whom to call -------------------------------------------------------------------------------------------------------


def calls_again(params: Mapping[str, Scalar], facts: Page[DeskCall], voice: Voice) -> Message:
    """The list as it is now, after a press on it."""
    return calls(facts, voice=voice)


def calls(page: Page[DeskCall], *, voice: Voice) -> Message:
    """Whom notices did not reach, building by building: a press ticks one off."""
    back = (voice.button("button.desk_back", "desk.page", 1),)
    if not page.rows:
        return Message(voice.say("desk.calls_none"), keyboard=(back,))
    open_ = (
        Button(
            plain(voice.say("button.notice_called", name=f"{number}. {line(one.name, limit=14)}")),
            press("desk.called", one.notice_id, f"{one.person_id}_{page.page}"),
        )
        for number, one in enumerate(page.rows, start=1)
    )
    lines = (
        voice.say(
            "desk.call_row",
            number=number,
            name=line(one.name, limit=40),
            place=voice.place(one.place),
            flat=line(one.flat, limit=20),
            phone=line(one.phone, limit=30) or voice.say("notice.no_phone"),
            notice=one.notice_id,
            title=line(plain(Html(one.title)), limit=CALL_TITLE) or "…",
        )
        for number, one in enumerate(page.rows, start=1)
    )
    return Message(
        card(voice.say("desk.calls_title"), *lines, voice.say("notice.calls_how")),
        keyboard=(*rows(open_, width=2), *voice.pages(page, "desk.calls"), back),
    )
