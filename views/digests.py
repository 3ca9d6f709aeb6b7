"""Digests as they are read, and the card on which one is chosen.

A digest is a card of sections, each made by a function of its own that gives nothing where there is nothing to say; a
further section (what is coming up in the neighbourhood) is one more of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.base import Scalar
from domain.digests import (
    ANSWERS,
    CALLS,
    OVERDUE,
    SECOND,
    CategoryNews,
    DeskDigest,
    Digest,
    DigestSettings,
    HomeDigest,
    Rhythm,
    Waiting,
)
from domain.notices.shown import NoticeLine
from domain.spare_time import DAYS
from views.desk import counted
from views.message import Button, Keyboard, Message
from views.safe import Html, line, plain
from views.voice import Voice, block, card, press, rows

LABEL = 18
"""Characters of a notice on its button."""
TITLE = 40


def settings_button(voice: Voice) -> tuple[Button, ...]:
    """The way to the card on which digests are chosen."""
    return (voice.button("button.digests", "digest.see", 0),)


# --- of the building ------------------------------------------------------------------------------------------------------


def home_digest(params: Mapping[str, Scalar], facts: HomeDigest, voice: Voice) -> Message:
    """What became of the building since the last one, and what has not been read. Names nobody."""
    return Message(
        card(
            voice.say("digest.home_title", place=voice.place(facts.place), since=voice.when(facts.since)),
            _news(facts.news, voice),
            _notices(facts.notices, voice),
        ),
        keyboard=(*_open(facts.notices, voice), settings_button(voice)),
    )


def _news(news: tuple[CategoryNews, ...], voice: Voice) -> Html:
    if not news:
        return Html("")
    return block(voice.say("digest.news_title"), *(_category(one, voice) for one in news))


def _category(one: CategoryNews, voice: Voice) -> Html:
    numbers = (
        ("digest.raised", one.raised),
        ("digest.in_work", one.in_work),
        ("digest.solved", one.solved),
    )
    parts = [voice.say(key, count=count) for key, count in numbers if count]
    joined = Html(voice.say("list.comma").join(parts))
    return voice.say("digest.news_row", category=voice.category(one.category), numbers=joined)


def _title(one: NoticeLine, *, limit: int) -> Html:
    return line(plain(one.words), limit=limit) if one.words else Html("…")


def _notices(notices: tuple[NoticeLine, ...], voice: Voice) -> Html:
    if not notices:
        return Html("")
    return block(
        voice.say("digest.notices_title"),
        *(
            voice.say(
                "digest.notice_row",
                number=number,
                title=_title(one, limit=TITLE),
                place=voice.place(one.place),
                when=voice.when(one.at),
            )
            for number, one in enumerate(notices, start=1)
        ),
    )


def _open(notices: tuple[NoticeLine, ...], voice: Voice) -> Keyboard:
    return rows(
        (
            Button(f"{number}. {plain(_title(one, limit=LABEL))}", press("notices.see", one.id))
            for number, one in enumerate(notices, start=1)
        ),
        width=1,
    )


# --- of what waits ----------------------------------------------------------------------------------------------------------


def desk_digest(params: Mapping[str, Scalar], facts: DeskDigest, voice: Voice) -> Message:
    """How much of what waits, and where it is dealt with."""
    ways: list[Button] = []
    if any(one.kind != SECOND for one in facts.waiting):
        ways.append(voice.button("menu.desk", "menu.open", 0, "desk"))
    if any(one.kind == SECOND for one in facts.waiting):
        ways.append(voice.button("menu.notice", "menu.open", 0, "notice"))
    return Message(
        card(
            voice.say("digest.desk_title", count=sum(one.count for one in facts.waiting)),
            block(*(_waiting(one, voice) for one in facts.waiting)),
        ),
        keyboard=(tuple(ways), settings_button(voice)),
    )


def _waiting(one: Waiting, voice: Voice) -> Html:
    if one.kind == SECOND:
        return voice.say("digest.second_row", count=one.count)
    if one.kind == ANSWERS:
        return voice.say("digest.answers_row", count=one.count, number=counted(one.count))
    if one.kind == CALLS:
        return voice.say("digest.calls_row", count=one.count, number=counted(one.count))
    return voice.say(
        "digest.desk_row",
        kind=voice.say(f"digest.kind.{one.kind}", count=one.count),
        count=one.count,
        late=_late(one, voice),
    )


def _late(one: Waiting, voice: Voice) -> Html:
    """How many of them are past their time, where that is not what they are."""
    if not one.late or one.kind == OVERDUE:
        return Html("")
    if one.late == one.count:
        return voice.say("digest.all_late", count=one.late)
    return voice.say("digest.late", count=one.late)


# --- choosing -----------------------------------------------------------------------------------------------------------------


def settings(facts: DigestSettings, *, voice: Voice, note: Html | str = "") -> Message:
    """Which digests come and when, and a button for each other choice."""
    desk = facts.desk
    return Message(
        card(
            note,
            block(voice.say("digest.about_home"), _now("digest.home_now", facts.home, voice)),
            block(voice.say("digest.about_desk"), _now("digest.desk_now", desk, voice)) if desk else "",
        ),
        keyboard=(
            _choices(Digest.HOME, tuple(Rhythm), facts.home, voice),
            *((_choices(Digest.DESK, (Rhythm.DAILY, Rhythm.NEVER), desk, voice),) if desk else ()),
        ),
    )


def chosen(facts: DigestSettings, *, voice: Voice) -> Html:
    """The same in a line each, for papers."""
    return block(
        voice.say("digest.home_line", now=_now("digest.home_now", facts.home, voice)),
        voice.say("digest.desk_line", now=_now("digest.desk_now", facts.desk, voice)) if facts.desk else "",
    )


def _now(family: str, rhythm: Rhythm, voice: Voice) -> Html:
    rules = voice.rules.digests
    day = voice.term("weekday", DAYS[rules.weekday - 1])
    return voice.say(f"{family}.{rhythm}", at=f"{rules.at:%H:%M}", day=day)


def _choices(which: Digest, rhythms: tuple[Rhythm, ...], now: Rhythm, voice: Voice) -> tuple[Button, ...]:
    labels = ((rhythm, plain(voice.term(f"button.digest_{which}", rhythm))) for rhythm in rhythms)
    return tuple(
        Button(f"✓ {label}" if rhythm is now else label, press(f"digest.{which}", 0, rhythm))
        for rhythm, label in labels
    )


def settings_kind(params: Mapping[str, Scalar], facts: DigestSettings, voice: Voice) -> Message:
    """The card as a stored message."""
    return settings(facts, voice=voice, note=voice.note(params))
