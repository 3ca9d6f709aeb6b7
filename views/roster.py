"""People in the eyes of staff: the search, the card, what somebody leaves in hand, and the words that go with a change."""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Role, Scalar
from domain.people_seen import (
    MOST_COUNTED,
    Found,
    FoundPerson,
    Held,
    PersonCard,
    RoleAt,
    WorkFacts,
    WorkLeft,
)
from domain.permissions import Permission, allowed
from domain.queries import PersonRow, UnitLevel
from domain.roster import ROLES
from views.forms import Prompt
from views.message import Button, Keyboard, Message
from views.people import level_buttons
from views.safe import Html, line, plain
from views.voice import Voice, block, card, press, rows

MOST_ROLES = 4


# --- the search ---------------------------------------------------------------------------------------------------------


def search(asked: Prompt, voice: Voice) -> Message:
    """One page of people, or one of the filters to choose from."""
    pane = asked.answers.get("pane")
    if isinstance(asked.choices, UnitLevel):
        return _unit_pane(asked, asked.choices, voice)
    if pane == "role":
        buttons = rows(
            (
                Button(plain(voice.term("people.who", role)), press("people.role", asked.version, role))
                for role in ROLES
            ),
            width=2,
        )
        return Message(voice.say("people.which_role"), keyboard=(*buttons, _back(asked, voice)))
    if pane == "skill" and isinstance(asked.choices, tuple):
        buttons = rows(
            (
                Button(plain(voice.skill(skill)), press("people.skill", asked.version, place))
                for place, skill in enumerate(asked.choices)
            ),
            width=2,
        )
        key = "people.which_skill" if buttons else "people.no_skills"
        return Message(voice.say(key), keyboard=(*buttons, _back(asked, voice)))
    if pane == "tag":
        buttons = rows(
            (
                Button(plain(voice.tag(tag.code)), press("people.tag", asked.version, tag.code))
                for tag in voice.rules.tags
            ),
            width=2,
        )
        return Message(voice.say("people.which_tag"), keyboard=(*buttons, _back(asked, voice)))
    found = asked.choices
    return (
        _results(asked, found, voice) if isinstance(found, Found) else Message(voice.say("people.ask_words"))
    )


def _back(asked: Prompt, voice: Voice) -> tuple[Button, ...]:
    return (voice.button("button.back", "people.pane", asked.version, "none"),)


def _unit_pane(asked: Prompt, level: UnitLevel, voice: Voice) -> Message:
    """A unit at or below one's own. Where one holds several, the first question is as whom one looks."""
    above, actor = level.above, voice.reader.actor
    own = {held.unit_id for held in actor.held} if actor else set()
    verb = "people.here" if above is None else "people.unit"
    here: Keyboard = ()
    up: Keyboard = ()
    if above is not None:
        label = plain(voice.say("button.people_all_of", place=voice.place(above.place)))
        here = ((Button(label, press("people.here", asked.version, above.id)),),)
        if above.id not in own and level.parent_id:
            up = ((voice.button("button.up", "people.unit", asked.version, level.parent_id),),)
    chosen = asked.answers.get("unit_id")
    back = (
        (_back(asked, voice),)
        if chosen
        else ((voice.button("button.cancel", "form.cancel", asked.version),),)
    )
    return Message(
        voice.say("people.which_unit" if above is not None else "people.as_which_unit"),
        keyboard=(*here, *level_buttons(level, verb, voice=voice, version=asked.version), *up, *back),
    )


def _results(asked: Prompt, found: Found, voice: Voice) -> Message:
    answers = asked.answers
    words = str(answers.get("words") or "")
    number = len(answers.get("trail") or ()) + 1
    return Message(
        card(
            f"<b>{voice.say(asked.wrong, **asked.wrong_params)}</b>" if asked.wrong else "",
            block(_heading(found, voice), _filters(answers, voice)),
            *(_row(row, voice) for row in found.rows),
            "" if found.rows else voice.say("people.nobody"),
            voice.say("people.wide") if found.wide and words else voice.say("people.how_to_search"),
        ),
        keyboard=(
            *rows((_open_button(row, voice) for row in found.rows), width=2),
            *_turns(asked, found, number, voice),
            tuple(
                voice.button(key, "people.pane", asked.version, pane)
                for key, pane in (
                    ("button.people_unit", "unit"),
                    ("button.people_role", "role"),
                    ("button.people_skill", "skill"),
                    *((("button.people_tag", "tag"),) if _looks_for_tags(voice) else ()),
                )
            ),
            *_others(asked, voice),
        ),
    )


def _looks_for_tags(voice: Voice) -> bool:
    actor = voice.reader.actor
    return bool(voice.rules.tags) and actor is not None and allowed(actor, Permission.TAG_PERSON, None)


def _heading(found: Found, voice: Voice) -> Html:
    if found.count > MOST_COUNTED:
        return voice.say("people.title_many", place=voice.place(found.place), most=MOST_COUNTED)
    return voice.say("people.title", place=voice.place(found.place), count=found.count)


def _filters(answers: Mapping[str, object], voice: Voice) -> Html:
    chosen = [
        voice.say("people.filter_words", words=line(str(answers["words"]), limit=40))
        if answers.get("words")
        else "",
        voice.term("people.who", answers["role"]) if answers.get("role") else "",
        voice.skill(str(answers["skill"])) if answers.get("skill") else "",
        voice.tag(str(answers["tag"])) if answers.get("tag") else "",
    ]
    shown = Html(voice.say("list.comma").join(part for part in chosen if part))
    return voice.say("people.filters", filters=shown) if shown else Html("")


def _turns(asked: Prompt, found: Found, number: int, voice: Voice) -> Keyboard:
    turns = (
        *(
            (voice.button("button.page_before", "people.page", asked.version, "before"),)
            if number > 1
            else ()
        ),
        *(
            (voice.button("button.page_after", "people.page", asked.version, "after"),)
            if found.goes_on
            else ()
        ),
    )
    return (turns,) if turns else ()


def _others(asked: Prompt, voice: Voice) -> Keyboard:
    actor, answers = voice.reader.actor, asked.answers
    filtered = any(answers.get(name) for name in ("words", "role", "skill", "tag"))
    last = (
        *((voice.button("button.people_clear", "people.pane", asked.version, "clear"),) if filtered else ()),
        voice.button("button.people_close", "people.close", asked.version),
    )
    if actor is None:
        return (last,)
    enters = allowed(actor, Permission.ENTER_PERSON, None)
    return (
        (
            *((voice.button("button.people_enter", "person.new", 0),) if enters else ()),
            voice.button("button.people_me", "person.see", actor.person_id),
        ),
        last,
    )


def _open_button(row: FoundPerson, voice: Voice) -> Button:
    return Button(
        plain(f"{line(row.name, limit=20)} {line(row.flat, limit=12)}".strip()), press("person.see", row.id)
    )


def _row(row: FoundPerson, voice: Voice) -> Html:
    roles = [_role(one, voice) for one in row.roles[:MOST_ROLES]]
    signs = ("🚫" if row.suspended else "") + ("" if row.on_telegram else "📵")
    return block(
        f"<b>{line(row.name, limit=40)}</b> {signs}".rstrip(),
        voice.say("contact.address", place=voice.place(row.place), flat=line(row.flat, limit=40))
        if row.place.zh and row.flat
        else voice.say("contact.place", place=voice.place(row.place))
        if row.place.zh
        else "",
        Html(voice.say("list.comma").join(roles)),
    )


def _role(one: RoleAt | Held, voice: Voice) -> Html:
    return voice.say("people.role_at", role=voice.term("role", one.role), place=voice.place(one.place))


# --- the card -----------------------------------------------------------------------------------------------------------


def person_card(params: Mapping[str, Scalar], facts: PersonCard, voice: Voice) -> Message:
    """Somebody, as far as the reader may see them, with what the reader may do."""
    return Message(
        card(
            voice.on_top(params),
            block(
                f"👤 <b>{line(facts.name, limit=64)}</b>",
                voice.say("person.is_suspended") if facts.suspended else "",
                voice.say("person.is_blocked") if facts.blocked else "",
                _address(facts, voice),
                voice.say("contact.phone", phone=line(facts.phone, limit=32)) if facts.phone else "",
                voice.say("person.number", number=line(facts.number, limit=40)) if facts.number else "",
                "" if facts.on_telegram else voice.say("person.not_on_telegram"),
                voice.say("person.spoken_for_by", name=line(facts.proxy, limit=40)) if facts.proxy else "",
                _listed("person.speaks_for", facts.speaks_for, voice),
                _listed("person.household", facts.household, voice),
                _listed("person.skills", tuple(plain(voice.skill(code)) for code in facts.skills), voice),
                _listed("person.tags", tuple(plain(voice.tag(code)) for code in facts.tags), voice),
                voice.say(
                    "person.checkin",
                    state=voice.term("person.checkin_state", facts.checkin),
                    day=voice.day(facts.checkin_on) if facts.checkin_on else "",
                )
                if facts.checkin
                else "",
            ),
            block(*(_held(one, voice) for one in facts.held)),
            block(
                voice.say("person.pairings", count=facts.pairings) if facts.pairings else "",
                voice.say("person.requests", count=facts.requests) if facts.requests else "",
                voice.say("person.tasks", count=facts.tasks) if facts.tasks else "",
            ),
            voice.say("person.twins", count=facts.twins) if facts.twins else "",
        ),
        keyboard=_card_buttons(facts, voice),
    )


def _address(facts: PersonCard, voice: Voice) -> Html:
    if not facts.place.zh:
        return voice.say("person.no_home")
    if facts.flat:
        return voice.say("contact.address", place=voice.place(facts.place), flat=line(facts.flat, limit=40))
    return voice.say("contact.place", place=voice.place(facts.place))


def _listed(key: str, names: tuple[str, ...], voice: Voice) -> Html:
    if not names:
        return Html("")
    return voice.say(key, names=Html(voice.say("list.comma").join(line(name, limit=30) for name in names)))


def _held(one: Held, voice: Voice) -> Html:
    return block(
        voice.say("person.holds", role=_role(one, voice), term=term(one, voice)),
        voice.say("person.stands_in_for", name=line(one.stands_in_for, limit=40))
        if one.stands_in_for
        else "",
        voice.say("person.has_deputy", name=line(one.deputy, limit=40)) if one.deputy else "",
    )


def term(one: Held, voice: Voice) -> Html:
    """From when until when, as far as there is something to say."""
    starts, ends = voice.day(one.starts_on), voice.day(one.ends_on) if one.ends_on else Html("")
    if one.coming:
        return (
            voice.say("term.coming_until", starts=starts, ends=ends)
            if ends
            else voice.say("term.coming", starts=starts)
        )
    return voice.say("term.until", ends=ends) if ends else Html("")


def _card_buttons(facts: PersonCard, voice: Voice) -> Keyboard:
    named = {
        "appoint": ("person.appoint", "button.person_appoint"),
        "tag": ("person.tags", "button.person_tags"),
        "correct": ("person.correct", "button.person_correct"),
        "suspend": ("person.suspend", "button.person_suspend"),
        "restore": ("person.restore", "button.person_restore"),
        "block": ("block.add", "button.block"),
        "unblock": ("block.remove", "button.unblock"),
        "merge": ("person.merge", "button.person_merge"),
    }
    return (
        *rows(
            (voice.button(key, verb, facts.id) for may, (verb, key) in named.items() if may in facts.may),
            width=2,
        ),
        *(
            (_held_button("button.person_end", "person.end", one.appointment_id, one, voice),)
            for one in facts.held
            if one.may_end
        ),
        *(
            (_held_button("button.person_away", "person.away", one.appointment_id, one, voice),)
            for one in facts.held
            if one.may_name_deputy
        ),
        *(
            (_held_button("button.person_recall", "person.recall", one.deputy_id, one, voice),)
            for one in facts.held
            if one.deputy_id
        ),
    )


def _held_button(key: str, verb: str, subject: int, one: Held, voice: Voice) -> Button:
    return voice.button(
        key,
        verb,
        subject,
        role=voice.term("role", one.role),
        place=line(plain(voice.place(one.place)), limit=16),
    )


# --- what is told -------------------------------------------------------------------------------------------------------


def person_work(params: Mapping[str, Scalar], facts: WorkFacts, voice: Voice) -> Message:
    """For who is responsible now: somebody has left or was suspended, and this is still in their hands."""
    name = line(facts.name, limit=40)
    left = [_left(item, voice) for item in facts.items]
    why = "work.suspended" if params.get("why") == "suspended" else "work.left"
    returned, handled = int(params.get("returned") or 0), int(params.get("handled") or 0)
    return Message(
        card(
            voice.say(why, name=name),
            voice.say("work.in_hand", count=len(left)) if left else voice.say("work.nothing_in_hand"),
            block(*left),
            block(
                voice.say("work.returned", count=returned) if returned else "",
                voice.say("work.handled", count=handled) if handled else "",
            ),
            voice.say("work.what_next") if left else "",
        ),
        keyboard=((voice.button("button.pairs", "menu.open", 0, "pairs"),),)
        if any(item.kind == "pairing" for item in facts.items)
        else (),
    )


def _left(item: WorkLeft, voice: Voice) -> Html:
    if item.kind == "pairing":
        return voice.say("work.pairing", place=voice.place(item.place), name=line(item.name, limit=40))
    return voice.say(
        "work.task", place=voice.place(item.place), category=voice.category(item.category), number=item.id
    )


def suspended(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For the person: what this means and whom to ask."""
    return Message(voice.say("person.suspended", by=_by(params, voice)))


def restored(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For the person: it is over."""
    return Message(
        voice.say("person.restored"), keyboard=((voice.button("button.menu", "menu.open", 0, "menu"),),)
    )


def corrected(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For the person: what was put right about them, and by whom."""
    return Message(
        voice.say("person.corrected", what=voice.term("person.what", params["what"]), by=_by(params, voice))
    )


def proxy_named(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For a proxy: for whom they speak."""
    return Message(voice.say("person.proxy", name=line(str(params.get("name") or ""), limit=40)))


def recognised(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For somebody who was known before: welcome back."""
    return Message(
        voice.say("person.recognised"), keyboard=((voice.button("button.menu", "menu.open", 0, "menu"),),)
    )


def merged(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For the person: their two records are one."""
    return Message(voice.say("person.merged"))


def merged_away(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """For the account that is nobody's any more, in the language that its person read."""
    return Message(voice.texts.say(str(params.get("language") or ""), "person.merged_away"))


def closed(*, voice: Voice) -> Message:
    """The search has been put away."""
    return Message(voice.say("people.closed"))


def maybe_same(params: Mapping[str, Scalar], facts: PersonRow, voice: Voice) -> Message:
    """For who may merge: this number is that of another record too."""
    return Message(
        voice.say("person.maybe_same", name=line(facts.name, limit=40), place=voice.place(facts.place)),
        keyboard=((voice.button("button.person_merge", "person.merge", facts.id),),),
    )


def _by(params: Mapping[str, Scalar], voice: Voice) -> Html:
    return line(str(params.get("by") or ""), limit=40) or voice.term("role", Role.SECRETARY)
