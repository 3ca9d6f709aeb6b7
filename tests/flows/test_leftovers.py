"""The look-out of the flows itself: it finds what must never reach a person, and lets through what may."""

from __future__ import annotations

import pytest

from tests.support.phrases import Phrases
from views.catalogue import Texts

PHRASES = Phrases(Texts.load())


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("request.accepted", "zh"),
        ("您好 {name}", "zh"),
        ("<b>您好</b>", "zh"),
        ("您好 &amp; 再见", "zh"),
        ("None 您好", "zh"),
        ("Taken on by members of your building", "zh"),
        ("已有人认领", "en"),
    ],
)
def test_leftovers_are_found(text: str, language: str) -> None:
    assert list(PHRASES.leftovers(text, language=language))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("您好，按 /menu 打开，电话 13800001111", "zh"),
        ("Emily Carter 提的", "zh"),
        ("Taken on by 王建国 (a member of the community)", "en"),
        ("🌐 Language 语言", "en"),
        ("请选择语言。以后的消息都用它：", "zh"),
        ("中文", "en"),
    ],
)
def test_names_and_the_choice_of_a_language_are_let_through(text: str, language: str) -> None:
    assert not list(PHRASES.leftovers(text, language=language, given={"王建国", "Emily Carter"}))


def test_a_text_is_recognised_by_its_key_whatever_its_parameters() -> None:
    said = PHRASES.pattern("en", "request.released")
    assert said.search(
        "Request 7 · Lift\nWang cannot come after all. Your request is not lost: others have been asked, and you will know who comes."
    )
    assert not said.search("Request 7 · Lift\nWang cannot come after all; the others still will.")
