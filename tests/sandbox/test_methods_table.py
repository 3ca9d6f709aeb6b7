"""The table of methods against the Bot API's own reference, and how parameters are read from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.errors import ApiError
from sandbox.methods import load_methods

REFERENCE = Path(__file__).resolve().parents[2] / "../shared/telegram/bot-api.json"


@pytest.mark.skipif(not REFERENCE.exists(), reason="the Bot API's reference is not on this machine")
def test_the_table_is_the_reference() -> None:
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))["methods"]
    table = {method.name: method for method in load_methods().values()}

    assert set(table) == set(reference)
    for name, method in reference.items():
        expected = {
            field["name"]: (tuple(field["types"]), field["required"]) for field in method.get("fields", [])
        }
        assert {n: (p.types, p.required) for n, p in table[name].parameters.items()} == expected, name


def test_methods_are_known_in_any_case() -> None:
    assert load_methods()["sendmessage"].name == "sendMessage"


def test_strings_stand_for_numbers_truths_and_objects() -> None:
    read = load_methods()["sendmessage"].read(
        {"chat_id": "5", "text": "x", "protect_content": "true", "reply_markup": '{"inline_keyboard": []}'},
        uploads={},
    )

    assert read == {
        "chat_id": 5,
        "text": "x",
        "protect_content": True,
        "reply_markup": {"inline_keyboard": []},
    }


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"text": "x"}, "chat_id is empty"),
        ({"chat_id": 5}, "message text is empty"),
        ({"chat_id": 5, "text": "x", "silent": True}, 'unknown parameter "silent" of sendMessage'),
        ({"chat_id": True, "text": "x"}, 'parameter "chat_id" must be an integer'),
        ({"chat_id": 5, "text": ["x"]}, 'parameter "text" must be a string'),
        ({"chat_id": 5, "text": "\ud83d"}, "strings must be encoded in UTF-8"),
        ({"chat_id": 5, "text": "x", "protect_content": "perhaps"}, "must be a boolean"),
        ({"chat_id": 5, "text": "x", "reply_markup": "{"}, "can't parse reply_markup: it is not JSON"),
        ({"chat_id": 5, "text": "x", "entities": "{}"}, 'parameter "entities" must be a JSON array'),
    ],
)
def test_wrong_parameters_are_refused_by_name(params: dict[str, object], reason: str) -> None:
    with pytest.raises(ApiError) as refusal:
        load_methods()["sendmessage"].read(params, uploads={})

    assert refusal.value.code == 400
    assert refusal.value.description.startswith("Bad Request: ")
    assert reason in refusal.value.description
