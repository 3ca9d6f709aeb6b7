"""`linli check`: what counts as well, as a warning, as a failure, and how it reads."""

import asyncio
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.check import Finding, ProbeFailed, Probes, check, exit_code, has_wal_bug, render
from bot.settings import Settings, load
from bot.settings_model import CommunitySettings

TOKEN = "1234567890:AAtestTESTtestTESTtestTESTtestTEST"
GIBIBYTE = 1024**3


async def reachable() -> str:
    return "revision 0001, current"


async def known() -> str:
    return "@linli_bot"


WELL = Probes(
    database=reachable,
    telegram=known,
    sqlite_version=(3, 51, 3),
    free_bytes=lambda folder: 20 * GIBIBYTE,
    now=lambda: datetime(2026, 7, 1, 12, 0, tzinfo=UTC),
)


def settings(**environment: str) -> Settings:
    return load(None, environment={f"LINLI_{name}": value for name, value in environment.items()})


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def finding(
    name: str, probes: Probes, given: Settings | None = None, config: Path | None = None
) -> Finding:
    found = await check(given or Settings(), probes, config=config)
    (one,) = [each for each in found if each.name == name]
    return one


async def test_when_all_is_well_everything_is_ok_and_the_code_is_0() -> None:
    found = await check(Settings(), WELL, sources=["config.toml", "LINLI_LOG__LEVEL"])
    assert [each for each in found if each.ok is not True or each.mend] == []
    assert exit_code(found) == 0
    told = {each.name: each.text for each in found}
    assert told["settings"] == "from config.toml, LINLI_LOG__LEVEL"
    assert told["database"] == "revision 0001, current"
    assert told["telegram"] == "@linli_bot"
    assert told["time zone"].startswith("Asia/Shanghai, now UTC+0800, from the")
    assert "tzdata 20" in told["time zone"]
    assert told["disk"].startswith("20.0 GiB left at ")


async def test_a_probe_that_fails_in_any_way_is_a_failure_and_the_rest_is_still_looked_at() -> None:
    async def broken() -> str:
        raise ConnectionRefusedError(111, "Connection refused")

    found = await check(Settings(), replace(WELL, database=broken))
    assert [each.name for each in found if each.ok is False] == ["database"]
    assert exit_code(found) == 1
    assert len(found) == 9


async def test_a_probe_that_knows_the_mend_says_it() -> None:
    async def behind() -> str:
        raise ProbeFailed("revision 0001, not 0003", mend="Run linli migrate.")

    found = await finding("database", replace(WELL, database=behind))
    assert (found.ok, found.text, found.mend) == (False, "revision 0001, not 0003", "Run linli migrate.")


async def test_a_probe_that_hangs_is_a_failure() -> None:
    async def hangs() -> str:
        await asyncio.Event().wait()
        return ""

    found = await finding("telegram", replace(WELL, telegram=hangs, timeout_seconds=0))
    assert (found.ok, found.text) == (False, "no answer within 0 s")


async def test_no_secret_is_in_a_finding() -> None:
    async def leaks() -> str:
        raise OSError(
            f"https://api.telegram.org/bot{TOKEN}/getMe and postgresql://linli:hunter2hunter2@db/linli"
        )

    given = settings(TELEGRAM__TOKEN=TOKEN, DATABASE__URL="postgresql://linli:hunter2hunter2@db/linli")
    text = render(await check(given, replace(WELL, telegram=leaks, database=leaks)))
    assert "OSError" in text
    assert TOKEN[11:] not in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("version", "has_it"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
    ],
)
def test_the_versions_of_sqlite_with_the_wal_bug_are_known(version: tuple[int, ...], has_it: bool) -> None:
    assert has_wal_bug(version) is has_it


async def test_the_wal_bug_is_a_warning_because_linli_writes_with_one_connection() -> None:
    found = await finding("sqlite", replace(WELL, sqlite_version=(3, 40, 1)))
    assert found.ok is None
    assert "3.40.1" in found.text
    assert "Linli writes with one" in found.text
    on_server = settings(DATABASE__URL="postgresql://db/linli")
    assert (await finding("sqlite", replace(WELL, sqlite_version=(3, 40, 1)), on_server)).ok is True


@pytest.mark.parametrize(
    ("free", "ok"),
    [(GIBIBYTE, True), (GIBIBYTE - 1, None), (100 * 1024**2, None), (100 * 1024**2 - 1, False)],
)
async def test_little_disk_is_a_warning_and_hardly_any_a_failure(free: int, ok: bool | None) -> None:
    assert (await finding("disk", replace(WELL, free_bytes=lambda folder: free))).ok is ok


async def test_the_disk_is_looked_at_where_the_database_will_be(tmp_path: Path) -> None:
    asked: list[Path] = []

    def free_bytes(folder: Path) -> int:
        asked.append(folder)
        return 20 * GIBIBYTE

    (tmp_path / "data").mkdir()
    probes = replace(WELL, free_bytes=free_bytes)
    await check(settings(DATABASE__URL="sqlite:///data/linli.db"), probes)
    await check(settings(DATABASE__URL="sqlite:///later/deep/linli.db"), probes)
    assert asked == [tmp_path / "data", tmp_path]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_file_with_secrets_or_peoples_data_open_to_others_is_a_warning(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    config = tmp_path / "config.toml"
    config.write_text(f'[telegram]\ntoken = "{TOKEN}"\n')
    config.chmod(0o644)
    (tmp_path / "data").mkdir(mode=0o755)
    database = tmp_path / "data" / "linli.db"
    database.touch(mode=0o600)
    given = load(config, environment={})

    def files() -> Finding:
        return asyncio.run(finding("files", WELL, given, config))

    found = files()
    assert found.ok is None
    assert "(-rw-r--r--)" in found.text
    assert found.mend == f"chmod 600 {config}"

    config.chmod(0o600)
    assert files().ok is True

    database.chmod(0o640)
    assert files().mend == "chmod 600 data/linli.db"

    (tmp_path / "data").chmod(0o700)
    assert files().ok is True


async def test_a_folder_that_cannot_be_written_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    found = await finding("files", WELL)
    assert found.ok is False
    assert found.text.endswith("cannot be written")


def test_the_findings_stand_in_columns_with_the_mend_below() -> None:
    found = [
        Finding("database", True, "reachable"),
        Finding("disk", None, "0.5 GiB left", "Free some space."),
        Finding("telegram", False, "401", "Mend the token."),
    ]
    assert render(found).splitlines() == [
        "ok       database  reachable",
        "WARNING  disk      0.5 GiB left",
        "                   -> Free some space.",
        "FAILED   telegram  401",
        "                   -> Mend the token.",
    ]
    assert exit_code(found) == 1
    assert exit_code(found[:2]) == 0


async def test_a_calendar_that_cannot_be_had_fails_before_the_start_does() -> None:
    settings = Settings(community=CommunitySettings(calendar="XX"))
    [bad] = [found for found in await check(settings, WELL) if found.ok is False]
    assert bad.name == "calendar"
    assert "no public holidays are known for 'XX'" in bad.text
