"""One's own data at its longest and with the nastiest words: it fits a message, and the file holds no markup of theirs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from domain.base import Actor, Purpose, Role
from domain.digests import DigestSettings, Rhythm
from domain.privacy import (
    AppointmentRecord,
    CheckInRecord,
    ClaimRecord,
    ConsentRecord,
    LessonRecord,
    OwnData,
    OwnRecord,
    PairingRecord,
    PointRecord,
    RequestRecord,
    ThreadRecord,
)
from domain.queries import Appointed, Part, Place
from domain.requests import RequestState
from domain.rulebook import Retention, Rulebook
from domain.tasks import ClaimState
from views import privacy
from views.catalogue import Texts
from views.kinds import render
from views.message import MAX_TEXT, Reader
from views.privacy_file import own_file
from views.safe import visible_length
from views.voice import Voice

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
TEXTS = Texts.load()
NASTY = "<img src=x onerror=alert(1)>&\u202e{x}</td>😀"
BIG = 2**60
PLACE = Place(NASTY * 9, NASTY * 9)
DATA = OwnData(
    NASTY * 20, BIG, "zh", NASTY * 9, PLACE, NASTY * 9, NASTY * 9, NASTY * 9, 7, NOW,
    tuple(Appointed(Role.SECRETARY, PLACE) for _ in range(50)), tuple(NASTY for _ in range(99)), NASTY * 40,
    BIG, BIG, BIG, BIG, BIG, BIG, BIG, BIG, BIG, BIG,
)  # fmt: skip
SAID = (
    Part("text", NASTY, at=NOW, mine=True),
    Part("photo", NASTY, "a-file-id", at=NOW, purpose=Purpose.LETTER),
    Part("location", "", latitude=31.2, longitude=121.4, at=NOW),
)
RECORD = OwnRecord(
    DATA,
    (RequestRecord(1, NASTY, "timely", RequestState.OPEN, PLACE, NOW, NOW, 5, SAID),),
    (ClaimRecord(2, "visit", ClaimState.ACCEPTED, PLACE, NOW, None, 75, SAID),),
    SAID,
    tuple(PairingRecord(3, "illness", 7, NOW, None, helping, NASTY) for helping in (True, False)),
    (AppointmentRecord(Appointed(Role.MEMBER, PLACE), NOW),),
    (CheckInRecord(PLACE, "approved", NASTY, NOW, NOW),),
    (PointRecord(NOW, "honour", 1250, NASTY, 9),),
    (ConsentRecord(1, NOW),),
    (ThreadRecord(9, PLACE, NOW, SAID),),
    DigestSettings(Rhythm.WEEKLY, Rhythm.NEVER),
    (LessonRecord({"zh": NASTY}, NOW, NOW, 80), LessonRecord({"en": NASTY}, None, None)),
)


def voice(language: str, *, rules: Rulebook | None = None, actor: Actor | None = None) -> Voice:
    return Voice(TEXTS, Reader(language, actor=actor), rules or Rulebook(), NOW)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_screen_fits_a_message_and_escapes_what_people_wrote(language: str) -> None:
    said = voice(language)
    for message in (
        privacy.own_data(DATA, voice=said),
        privacy.corrections(voice=said),
        privacy.forget(DATA, voice=said),
        privacy.forget_surely(DATA, voice=said),
        privacy.declined(voice=said),
    ):
        assert visible_length(message.text) <= MAX_TEXT
        assert "<img" not in message.text
        assert message.keyboard


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_file_holds_what_was_said_and_no_markup_of_theirs(language: str) -> None:
    upload = own_file(RECORD, voice=voice(language))
    page = upload.content.decode("utf-8")
    assert upload.name == "linli-2026-03-02.html"
    parser = _Tags()
    parser.feed(page)
    assert not parser.seen & {"img", "script", "link", "iframe", "form"}
    assert parser.attributes <= {"lang", "charset", "name", "content"}
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 9
    assert "31.2, 121.4" in page
    assert "a-file-id" not in page
    assert page.count("Telegram") >= 2


def test_what_is_kept_for_ever_is_said_so() -> None:
    for_ever = replace(Rulebook(), retention=Retention(closed_request_words=0, drafts=12))
    text = privacy.how_long(voice=voice("zh", rules=for_ever))
    assert "一直保存" in text
    assert "12 天" in text


def test_the_question_has_buttons_only_for_who_has_not_agreed_yet() -> None:
    rules = replace(Rulebook(), consent_version=2)
    for version, buttons in ((1, 1), (2, 0), (None, 0)):
        reader = Reader("zh", actor=Actor(7, consent_version=version))
        message = render("consent", {}, None, reader=reader, rules=rules, texts=TEXTS, now=NOW)
        assert message is not None
        assert len(message.keyboard) == buttons
        assert bool(re.search("第 2 版", message.text)) == bool(buttons)
