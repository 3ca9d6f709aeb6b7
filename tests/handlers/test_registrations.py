"""The list of registrations is whole: each is tied to a permission, each button of the views is answered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import handlers
from domain.base import Action, Query
from domain.permissions import COMMANDS, GRANTS, Permission
from domain.tasks import ClaimTask
from handlers import ANYONE, REGISTRATIONS, Command, Pressed, Seen, talk
from handlers.forms import Form
from handlers.turn import Do, Turn, press_of
from storage.actions import DECIDE, LOAD, LOAD_AT
from storage.facts import QUERIES
from tests.handlers.stage import NOW, RESIDENT, RULES, TEXTS, Stage
from views.forms import Prompt
from views.message import Reader
from views.voice import Voice

VIEWS = Path(__file__).parents[2] / "views"
PRESSED = {registration.name for registration in REGISTRATIONS if isinstance(registration, Pressed)}


def test_every_registration_is_tied_to_a_permission_or_says_that_it_is_for_anyone() -> None:
    assert all(
        isinstance(registration.permission, Permission) or registration.permission is ANYONE
        for registration in REGISTRATIONS
    )


@pytest.mark.parametrize("named", [*DECIDE, *QUERIES], ids=lambda named: named.__name__)
def test_every_action_and_every_query_names_a_permission_of_the_table(
    named: type[Action] | type[Query],
) -> None:
    assert issubclass(named, Action | Query)
    assert Permission(named.permission) in GRANTS


def test_every_action_has_its_rule_and_its_rows_and_every_query_is_answered() -> None:
    assert set(DECIDE) == {*LOAD, *LOAD_AT}
    assert not set(LOAD) & set(LOAD_AT)
    for kind, answered in ((Action, set(DECIDE)), (Query, set(QUERIES))):
        assert {name for name in _all_of(kind) if name.startswith("domain.")} == {
            f"{one.__module__}.{one.__name__}" for one in answered
        }


def _all_of(kind: type) -> set[str]:
    """Every class below, at any depth, by name: a dataclass with slots leaves its first draft behind."""
    return {
        name
        for below in kind.__subclasses__()
        for name in (f"{below.__module__}.{below.__name__}", *_all_of(below))
    }


def test_every_command_of_the_menu_is_answered_under_the_permission_that_shows_it() -> None:
    private = {
        r.name: r.permission for r in REGISTRATIONS if isinstance(r, Command) and r.permission is not ANYONE
    }
    assert {name: private[name] for name, _ in COMMANDS} == dict(COMMANDS)


def test_no_press_is_registered_twice() -> None:
    names = [r.name for r in REGISTRATIONS if isinstance(r, Pressed)]
    assert sorted(names) == sorted(set(names))


def test_every_button_of_the_views_is_answered() -> None:
    source = "".join(path.read_text() for path in VIEWS.glob("*.py"))
    shown = set(re.findall(r'(?:button\(\s*"[a-z_.]+",|press\()\s*"([a-z]+\.[a-z]+)"', source))
    shown |= set(
        re.findall(
            r'(?:verb=|_people\(|_yes_no\(|star_buttons\(|(?:unit|level)_buttons\([^"]*)"([a-z]+\.[a-z]+)"',
            source,
        )
    )
    assert len(shown) > 40, "the search finds the buttons at all"
    assert shown <= PRESSED


@pytest.mark.parametrize("form", talk.FORMS.values(), ids=lambda form: form.name)
def test_every_form_asks_only_what_the_views_can_ask(form: Form) -> None:
    voice = Voice(TEXTS, Reader(), RULES, NOW)
    for step in form.steps:
        if not step.tail:
            assert step.screen(Prompt(form.name, step.key, 1, {"category": "lift"}), voice).text


async def test_an_action_under_another_permission_than_registered_is_a_bug_and_does_nothing() -> None:
    async def wrong(turn: Turn) -> Do:
        return Do(ClaimTask(1))

    held = handlers.tied(Pressed("desk.page", wrong, Permission.SEE_DESK))
    with pytest.raises(PermissionError):
        await held(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        "",
        "task",
        "task.claim",
        "task.claim:",
        "task.claim:x",
        "task.claim:-1",
        "task.claim:1:a b",
        "task.claim:１",
        "task.claim:" + "9" * 19,
        "task.claim:1\n",
        "task.claim:1:2:3",
        "nothing.there:1",
    ],
)
async def test_malformed_data_changes_nothing_and_is_answered(data: str) -> None:
    stage = Stage(RESIDENT)
    await stage.forges(data)
    assert stage.store.performed == []
    assert len(stage.store.done) == 1
    text, window = stage.speaker.toasts[-1]
    expected = "unknown.press" if data == "nothing.there:1" else "refused.not_found"
    assert (text, window) == (stage.text(expected), True)


@pytest.mark.parametrize(
    "data", [":1", "request.rate:1", "request.places:1:x", "visit.rate:1:", "request.rate:1:٣"]
)
async def test_a_number_that_is_missing_reads_as_not_found(data: str) -> None:
    stage = Stage(RESIDENT)
    await stage.forges(data)
    assert stage.store.performed == []
    assert stage.speaker.toasts[-1] == (stage.text("refused.not_found"), True)


def test_well_formed_data_is_taken_apart() -> None:
    press = press_of("request.accept:17:3", callback_id="c", message_id=5)
    assert (press.name, press.id, press.arg, press.count) == ("request.accept", 17, "3", 3)


@pytest.mark.parametrize(
    "data", ["task.claim:9:1", "task.start:9", "request.rate:17:5", "request.surely:17:1"]
)
async def test_the_hot_path_looks_nothing_up(data: str) -> None:
    stage = Stage(RESIDENT)
    await stage.forges(data)
    assert stage.store.openings == 0


def test_telegram_is_asked_for_what_the_list_answers_and_nothing_else() -> None:
    seen = {r.what for r in REGISTRATIONS if isinstance(r, Seen)}
    assert handlers.Other.MEMBERSHIP in seen
    assert set(handlers.ALLOWED_UPDATES) == {"message", "edited_message", "callback_query", "my_chat_member"}
