"""Rights in plain words: what the reader may do and by which appointment, and the whole table as a page.

Both are made of the permission table, so they cannot say anything else than what is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.base import Actor, Held, Role, Subject
from domain.permissions import GRANTS, OWN_TOO, TOLD, Permission, allowed, rights_of, rights_of_everyone
from domain.queries import Appointed, RightsFacts
from views.catalogue import Texts
from views.message import Message
from views.safe import Html
from views.voice import Voice, block, card

MOST_PLACES = 5


def rights(facts: RightsFacts, *, voice: Voice) -> Message:
    """What everyone may do, what each appointment adds and where, and what is asked in return."""
    if facts.suspended:
        return Message(
            card(
                voice.say("rights.suspended"),
                _own_lines(rights_of_everyone(suspended=True), voice),
            )
        )
    return Message(
        card(
            block(voice.say("rights.everyone"), _own_lines(rights_of_everyone(), voice)),
            *(
                _added_by(role, [one for one in facts.held if one.role is role], voice)
                for role in dict.fromkeys(one.role for one in facts.held)
            ),
            voice.say("rights.duty") if facts.held else "",
        )
    )


def rights_and_duty(appointed: Appointed, *, voice: Voice) -> Html:
    """What one appointment adds and what is asked in return, for who has just been given it."""
    return card(_added_by(appointed.role, [appointed], voice), voice.say("rights.duty"))


def _added_by(role: Role, held: Sequence[Appointed], voice: Voice) -> Html:
    return block(
        voice.say(
            "rights.member" if role is Role.MEMBER else "rights.staff",
            role=voice.term("role", role),
            place=_places(held, voice),
        ),
        _lines(rights_of(role), voice),
    )


def _places(held: Sequence[Appointed], voice: Voice) -> Html:
    named = Html(voice.say("list.comma").join(voice.place(one.place) for one in held[:MOST_PLACES]))
    if len(held) <= MOST_PLACES:
        return named
    return voice.say("rights.places_more", places=named, count=len(held))


def _own_lines(permissions: Iterable[Permission], voice: Voice) -> Html:
    terms = (("may_own" if permission in OWN_TOO else "may", permission) for permission in permissions)
    return block(*(f"· {voice.term(family, permission)}" for family, permission in terms))


def _lines(permissions: Iterable[Permission], voice: Voice) -> Html:
    return block(*(f"· {voice.term('may', permission)}" for permission in permissions))


# --- the table as a page ------------------------------------------------------------------------------------------------

_ME, _SOMEBODY = 7, 1
_HERE = "1.2.3."
_PLACES = {"its unit": _HERE, "below": "1.2.3.4.", "above": "1.2.", "beside": "1.2.5."}
_HEAD = (
    "# Who may do what",
    "",
    "*Made from `domain/permissions.py` by `make docs`, by asking the same gate that every press and every read asks; a",
    "test holds this page equal to it.*",
    "",
    "A role reaches the unit at which it is held and everything below it; a member also reaches what is offered to the",
    "units above their own. *Own*: the request or visit is one's own. *Worker*: one holds its claim. Whoever did the work",
    "never confirms it. *Not one's own*: nobody may with what is their own, whatever they hold. Not found and not allowed",
    "read the same to the one who asked.",
    "",
)


def permissions_page(texts: Texts) -> str:
    """The whole table as Markdown: for each permission, who has it, how, and where."""
    roles = tuple(Role)
    titles = (
        "may",
        "resident",
        *(texts.say("en", f"role.{role}") for role in roles),
        "own",
        "worker",
        "not one's own",
        "suspended",
        "stranger",
    )
    lines = [*_HEAD, f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    for permission in TOLD:
        cells = (
            f"{texts.say('zh', f'may.{permission}')}<br>{texts.say('en', f'may.{permission}')}",
            *(_reach(permission, role) for role in (None, *roles)),
            _yes(allowed(_actor(), permission, _subject("", owners=_ME))),
            _yes(allowed(_actor(), permission, _subject("", workers=_ME))),
            _yes(_never_their_own(permission)),
            _yes(GRANTS[permission].while_suspended),
            _yes(allowed(Actor(telegram_id=_ME), permission, None)),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _actor(*held: Held) -> Actor:
    return Actor(person_id=_ME, held=held)


def _subject(path: str, *, owners: int = _SOMEBODY, workers: int = _SOMEBODY) -> Subject:
    return Subject(path=path, owners=frozenset({owners}), workers=frozenset({workers}))


def _reach(permission: Permission, role: Role | None) -> str:
    """Where the role (None: somebody without any) has it, over what is somebody else's."""
    if allowed(_actor(), permission, _subject("")):
        return "anywhere"
    actor = _actor() if role is None else _actor(Held(role, 3, _HERE))
    return ", ".join(name for name, path in _PLACES.items() if allowed(actor, permission, _subject(path)))


def _never_their_own(permission: Permission) -> bool:
    """Whether some role has it over what is somebody else's and loses it over its own."""
    return any(
        allowed(_actor(Held(role, 3, _HERE)), permission, _subject(_HERE))
        and not allowed(_actor(Held(role, 3, _HERE)), permission, _subject(_HERE, owners=_ME))
        for role in Role
    )


def _yes(found: bool) -> str:
    return "yes" if found else ""
