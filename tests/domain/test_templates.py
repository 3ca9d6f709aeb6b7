"""The rules of templates: what one keeps of a notice, what a notice has of one, and what it may be called."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.base import Action, Actor, Decision, Refused
from domain.notices.shapes import NoticeState, PublicNotice
from domain.rulebook import Rulebook
from domain.templates import (
    COMPOSED,
    DECIDE,
    MAX_NAME,
    MOST,
    DeleteTemplate,
    DropTemplate,
    RenameTemplate,
    SaveCase,
    SaveTemplate,
    Template,
    TemplateCase,
    UseTemplate,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOTICE = PublicNotice(
    1, 9, 7, 4, NoticeState.SENT, NOW - timedelta(days=3), {"zh": "<b>停水</b>", "en": "No water"},
    (("photo", "f"),), {"units": [4, 5], "roles": ["member"]}, urgent=True, wants_read=False, answerable=True,
    send_at=NOW, repeat="weekly", expected=9, confirmed_by=7, begun_at=NOW, frozen_to=99, remind=True,
)  # fmt: skip
ACTOR = Actor(person_id=8)
KEPT = Template(3, 1, 4, "停水", NOW, {"texts": {"zh": "停水"}})


def decide(case: Any, action: Action) -> Decision:
    return DECIDE[type(action)](case, action, actor=ACTOR, now=NOW, rules=Rulebook())


def refusal(case: Any, action: Action) -> str:
    with pytest.raises(Refused) as refused:
        decide(case, action)
    return refused.value.key


@pytest.mark.parametrize("state", NoticeState)
def test_everything_composed_comes_back_and_nothing_of_what_became_of_it(state: NoticeState) -> None:
    saved = decide(SaveCase(replace(NOTICE, state=state), "1.", 3), SaveTemplate(1, "  停水   通知 "))
    (template,) = saved.saves
    assert isinstance(template, Template)
    assert (template.id, template.version, template.unit_id, template.name) == (3, 0, 4, "停水 通知")
    stored = replace(template, composed=json.loads(json.dumps(template.composed)))
    used = decide(TemplateCase(stored, "1.", new_notice=77), UseTemplate(3))
    (fresh,) = used.saves
    assert isinstance(fresh, PublicNotice)
    assert (fresh.id, fresh.version, fresh.author_id, fresh.unit_id) == (77, 0, 8, 4)
    assert (fresh.state, fresh.created_at) == (NoticeState.DRAFT, NOW)
    for field in fields(PublicNotice):
        if field.name in COMPOSED:
            assert getattr(fresh, field.name) == getattr(NOTICE, field.name)
    assert (fresh.send_at, fresh.repeat, fresh.confirmed_by, fresh.begun_at, fresh.frozen_to) == (
        None, "", None, None, 0,
    )  # fmt: skip
    assert fresh.whom == NOTICE.whom
    assert [event.name for event in (*saved.events, *used.events)] == [
        "notice.template_saved",
        "notice.composed",
    ]


def test_a_template_of_an_earlier_linli_has_what_it_has() -> None:
    stored = replace(KEPT, composed={"texts": {"zh": "停水"}, "colour": "red"})
    (fresh,) = decide(TemplateCase(stored, "1.", new_notice=77), UseTemplate(3)).saves
    assert isinstance(fresh, PublicNotice)
    assert (fresh.texts, fresh.media, fresh.wants_read) == ({"zh": "停水"}, (), True)


@pytest.mark.parametrize(
    ("name", "names", "key"),
    [
        ("\u200b ", frozenset(), "form.words_needed"),
        ("名" * (MAX_NAME + 1), frozenset(), "request.too_long"),
        ("No  Water", frozenset({"no water"}), "template.taken"),
    ],
)
def test_what_it_cannot_be_called(name: str, names: frozenset[str], key: str) -> None:
    assert refusal(SaveCase(NOTICE, "1.", 3, names), SaveTemplate(1, name)) == key
    assert refusal(TemplateCase(KEPT, "1.", names), RenameTemplate(3, name)) == key


def test_a_unit_keeps_so_many_and_no_more() -> None:
    names = frozenset(str(number) for number in range(MOST))
    assert refusal(SaveCase(NOTICE, "1.", 3, names), SaveTemplate(1, "x")) == "template.too_many"
    assert decide(SaveCase(NOTICE, "1.", 3, names - {"0"}), SaveTemplate(1, "x")).saves
    assert decide(TemplateCase(KEPT, "1.", names), RenameTemplate(3, "x")).saves


def test_it_is_renamed_and_dropped() -> None:
    assert decide(TemplateCase(KEPT, "1."), RenameTemplate(3, " 名" * 9)).saves == (
        replace(KEPT, name=" ".join("名" * 9)),
    )
    assert decide(TemplateCase(KEPT, "1."), DeleteTemplate(3)).sweeps == (DropTemplate(3),)
