"""``linli audit``, ``block`` and ``unblock`` as an operator meets them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from domain.rulebook import Rulebook
from storage.database import Location, open_engine
from storage.unit import Store
from tests.support.village import asked, village

Linli = Callable[..., Result]
NAMES = ("李桂兰", "陈楼长", "党员0", "周书记")


@pytest.fixture
def linli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Linli:
    """Runs a command in a folder with a lived-in database."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(
            app, list(arguments), env={"LINLI_HTTP__LISTEN": "", "LINLI_DATABASE__URL": "sqlite:///linli.db"}
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert "Traceback" not in result.output
        return result

    assert run("migrate").exit_code == 0
    asyncio.run(lived_in())
    return run


async def lived_in() -> None:
    store = Store(open_engine(Location.of("sqlite:///linli.db")), rules=Rulebook())
    now = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
    place = await village(store, now=now, members=1)
    await asked(store, place.resident, now=now)
    await store.seal_trail(now=now + timedelta(minutes=5))
    await asked(store, place.resident, now=now + timedelta(days=1))
    await store.close()


def test_what_was_done_is_told_in_ids_newest_first(linli: Linli) -> None:
    lines = linli("audit").output.splitlines()
    assert "request.raised  request 2" in lines[0]
    assert "2026-03-03 02:00:00 UTC" in lines[0]
    assert not any(name in line for line in lines for name in NAMES)
    assert any("job cli  person.appointed" in line and '"role": "leader"' in line for line in lines)
    assert len(linli("audit", "--limit", "3").output.splitlines()) == 3
    assert linli("audit", "--request", "1").output.count("\n") == 1
    assert linli("audit", "--event", "person.").output.count("\n") > 3
    assert linli("audit", "--since", "2026-03-03").output.splitlines() == lines[:1]
    assert linli("audit", "--until", "2026-03-02").output.splitlines() == lines[1:]
    person = lines[0].split("person ")[1].split()[0]
    assert "request.raised" in linli("audit", "--person", person).output
    assert "nothing of the kind" in linli("audit", "--event", "no.such").output


@pytest.mark.parametrize(
    "wrong", [("--person", "x"), ("--limit", "0"), ("--since", "yesterday"), ("--request", "-1")]
)
def test_what_cannot_be_looked_for_is_a_sentence(linli: Linli, wrong: tuple[str, str]) -> None:
    result = linli("audit", *wrong)
    assert result.exit_code == 2
    assert "Invalid value" in result.output


def test_a_trail_as_it_was_sealed_is_in_order_and_its_end_is_told(linli: Linli) -> None:
    result = linli("audit", "--check")
    assert result.exit_code == 0
    assert "sealed up to row" in result.output
    assert "digest " in result.output
    assert "sealed up to row" in linli("check").output


def test_a_changed_trail_is_told_and_is_a_failure(linli: Linli) -> None:
    with sqlite3.connect("linli.db") as database:
        database.execute("DROP TRIGGER audit_refuses_update")
        database.execute("UPDATE audit SET actor_id = 77 WHERE id = 2")
    result = linli("audit", "--check")
    assert result.exit_code == 1
    assert "a row was changed" in result.output


def test_an_account_is_blocked_and_unblocked_once(linli: Linli) -> None:
    assert linli("block", "4711").output == "4711 is now blocked\n"
    assert linli("block", "4711").output == "4711 was already blocked\n"
    assert "account 4711" in linli("audit", "--event", "person.blocked").output
    assert linli("unblock", "4711").output == "4711 is now not blocked\n"
    assert linli("unblock", "4711").output == "4711 was already not blocked\n"
    assert linli("block", "0").exit_code == 2
