"""When a sheet is one to be imported, and when it is an ordinary file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.base import Held, Role
from domain.imports import BeginImport, CancelImport, ConfirmImport
from tests.handlers.stage import RESIDENT, SECRETARY, Stage

ADMIN = replace(RESIDENT, person_id=9, telegram_id=29, name="周", held=(Held(Role.ADMIN, 1, "1."),))


def document(name: str | None = "a.xlsx", size: int = 1000) -> dict[str, Any]:
    found: dict[str, Any] = {"file_id": "f", "file_unique_id": "f", "file_size": size}
    return {"document": {**found, **({"file_name": name} if name is not None else {})}}


@pytest.mark.parametrize("name", ["a.xlsx", "花名册.CSV"])
async def test_a_sheet_from_an_admin_is_taken_down_to_be_checked(name: str) -> None:
    stage = Stage(ADMIN)
    await stage.sends(**document(name))
    assert stage.action == BeginImport("f", name)


@pytest.mark.parametrize("name", ["a.pdf", "a.xls", None])
async def test_any_other_file_is_passed_on_as_ever(name: str | None) -> None:
    stage = Stage(ADMIN)
    await stage.sends(**document(name))
    assert stage.store.performed == []
    assert stage.form == "request"


async def test_a_sheet_from_anybody_else_is_an_ordinary_file() -> None:
    for actor in (RESIDENT, SECRETARY, replace(ADMIN, suspended=True)):
        stage = Stage(actor)
        await stage.sends(**document())
        assert stage.store.performed == []


async def test_a_form_that_gathers_files_keeps_a_sheet() -> None:
    stage = Stage(ADMIN)
    await stage.says("/request")
    await stage.sends(**document())
    assert stage.store.performed == []
    assert [part["kind"] for part in stage.answers["contents"]] == ["document"]


async def test_a_sheet_that_telegram_would_not_hand_out_is_refused_at_once() -> None:
    stage = Stage(ADMIN)
    await stage.sends(**document(size=25 * 1024 * 1024))
    assert stage.store.performed == []
    assert stage.last.text == stage.text("import.too_big", most=20)


async def test_yes_and_no_become_their_actions() -> None:
    for data, action in (("import.confirm:7", ConfirmImport(7)), ("import.cancel:7", CancelImport(7))):
        stage = Stage(ADMIN)
        await stage.forges(data)
        assert stage.action == action
