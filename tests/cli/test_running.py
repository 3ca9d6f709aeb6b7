"""``linli run`` as a process of its own: started, asked, commanded through its socket, refused twice, and ended."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.error import HTTPError

import httpx
import pytest
from typer.testing import CliRunner

from bot.cli import app
from sandbox import Sandbox

LINLI = (sys.executable, "-m", "bot.cli")
TOKEN = "7654321098:AAHsecretsecretsecretsecretsecret12"
LONGEST_END = 20.0


class Bot:
    """A running ``linli run``."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.settings = settings
        self.log = folder / "log.txt"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                (*LINLI, "run"),
                cwd=folder,
                env=os.environ | settings,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def ready(self) -> str:
        """Where its page is, as soon as it says so. Raises AssertionError when it ended instead."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "Open in your browser: " in line:
                return line.partition("browser: ")[2].strip()
        raise AssertionError(f"it ended with {self.process.wait()}: {self.log.read_text()}")

    def ends(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code after a signal, and after how many seconds."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(LONGEST_END + 5)
        return code, time.monotonic() - began

    def removed(self) -> None:
        """No longer there, whatever it was doing."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def settings() -> dict[str, str]:
    """Of a quick bot: no demo people, any port, nothing kept of the sandbox."""
    return {
        "LINLI_SANDBOX__PORT": "0",
        "LINLI_SANDBOX__DEMO": "false",
        "LINLI_SANDBOX__STATE": "",
        "LINLI_HTTP__LISTEN": f"127.0.0.1:{free_port()}",
        "LINLI_LOG__FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def bot(tmp_path: Path, settings: dict[str, str]) -> Iterator[Bot]:
    """One that is ready."""
    started = Bot(tmp_path, settings)
    try:
        started.ready()
        yield started
    finally:
        started.removed()


@pytest.fixture
def linli(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a further command beside the bot, with the same settings; gives its output and leaves its code in ``code``."""
    monkeypatch.chdir(bot.folder)

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, list(arguments), env=bot.settings)
        assert result.exit_code == code, result.output
        return str(result.output)

    return run


def test_a_backup_is_made_while_the_bot_runs_and_brought_back_only_when_it_does_not(
    bot: Bot, linli: Callable[..., str]
) -> None:
    told = linli("backup", "--to", "elsewhere")
    (file,) = (bot.folder / "elsewhere").glob("linli-*.tar")
    assert file.name in told
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "two processes must never write" in linli("restore", str(file), "--force", code=3)
    bot.ends()
    assert "--force" in linli("restore", str(file), code=1)
    assert re.search(r"restored from .* in \d+\.\d s", linli("restore", str(file), "--force"))
    assert "nothing is stuck" in linli("outbox")


def test_the_bot_is_commanded_while_it_runs_and_ends_in_order(bot: Bot, linli: Callable[..., str]) -> None:
    socket_file = bot.folder / "data" / "linli.db.sock"
    assert stat.S_IMODE(socket_file.stat().st_mode) == 0o600
    assert stat.S_IMODE((bot.folder / "data" / "linli.db").stat().st_mode) == 0o600

    units = bot.folder / "units.csv"
    units.write_text("code,kind,name,parent\nstreet,street,安民街道,\nb1,building,1号楼,street\n")
    assert "2 rows are in order" in linli("import", "units", "units.csv", "--dry-run")
    assert "2 units added" in linli("import", "units", "units.csv")
    assert "0 units added, 0 changed" in linli("import", "units", "units.csv")
    assert "5 is now leader of b1" in linli("grant", "leader", "5", "b1")
    assert "no open unit" in linli("grant", "leader", "5", "b2", code=1)
    units.write_text("code,kind,name,parent\nb2,castle,x,street\n")
    assert "row 2, kind" in linli("import", "units", "units.csv", code=1)
    people = bot.folder / "people.csv"
    people.write_text("编号,姓名,楼栋代码\nA1,孙奶奶,b1\n")
    assert "1 people added" in linli("import", "people", "people.csv")
    assert "2 rows of people" in linli("export", "people", "out.xlsx")
    assert "nothing is stuck" in linli("outbox")
    assert "resend: 0 of 1" in linli("outbox", "--resend", "1")
    assert "nothing stuck" in linli("check")
    assert "retention: daily 03:30; never run; next" in linli("jobs")
    assert linli("jobs", "run", "retention") == "retention has run: 0 done\n"
    assert "retention: daily 03:30; last" in linli("jobs")
    assert "there is no job 'retentoin'; there are admins" in linli("jobs", "run", "retentoin", code=1)
    for alone in ("migrate", "demo-data"):
        assert "Stop that one first" in linli(alone, code=3)

    code, seconds = bot.ends()
    assert code == 0, bot.log.read_text()
    assert seconds < LONGEST_END
    assert not socket_file.exists()
    events = [json.loads(line)["event"] for line in bot.log.read_text().splitlines()]
    assert events[-1] == "stopped"
    assert "update failed" not in events


def test_a_database_that_outlives_its_sandbox_hears_people_in_the_next_one(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    for _ in range(2):
        bot = Bot(tmp_path, settings)
        try:
            with httpx.Client(base_url=bot.ready()) as page:
                page.post("/sandbox/people", json={"user_id": 71, "first_name": "李桂兰"}).raise_for_status()
                page.post("/sandbox/act", json={"user_id": 71, "do": "start"}).raise_for_status()
                deadline = time.monotonic() + 30
                while len(page.get("/sandbox/chats/71/messages").json()["messages"]) < 2:
                    assert time.monotonic() < deadline, "nobody answers"
                    time.sleep(0.05)
            bot.ends()
        finally:
            bot.removed()


def test_a_second_bot_on_the_same_file_is_refused(bot: Bot) -> None:
    settings = dict(bot.settings) | {"LINLI_HTTP__LISTEN": ""}
    second = subprocess.run(
        (*LINLI, "run"), cwd=bot.folder, env=os.environ | settings, capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 3
    assert "two processes must never write one SQLite file" in second.stderr
    assert "Traceback" not in second.stderr
    assert bot.process.poll() is None


def test_health_and_metrics_answer_and_nothing_else_does(bot: Bot, settings: dict[str, str]) -> None:
    def get(path: str) -> str:
        with urllib.request.urlopen(f"http://{settings['LINLI_HTTP__LISTEN']}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    assert json.loads(get("/healthz"))["status"] == "ok"
    assert "linli_" in get("/metrics")
    with pytest.raises(HTTPError, match="404"):
        get("/telegram")
    code, _ = bot.ends(signal.SIGINT)
    assert code == 0


async def test_a_token_that_telegram_refuses_ends_the_start_with_a_sentence(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    async with Sandbox() as other:
        code, told = await _ended(tmp_path, settings, TOKEN, other.url)
    assert code == 1
    assert "Telegram refuses the token" in told
    assert "Traceback" not in told
    assert TOKEN.partition(":")[2] not in told


async def test_check_tells_a_token_that_is_refused_and_a_telegram_that_is_away(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    async with Sandbox() as other:
        code, told = await _ended(tmp_path, settings, TOKEN, other.url, command="check")
    assert (code, "refuses the token" in told) == (1, True), told
    code, told = await _ended(tmp_path, settings, TOKEN, "http://127.0.0.1:1", command="check")
    assert (code, "cannot be reached" in told) == (1, True), told
    assert TOKEN.partition(":")[2] not in told
    assert "Traceback" not in told


async def _ended(
    folder: Path, settings: Mapping[str, str], token: str, url: str, *, command: str = "run"
) -> tuple[int, str]:
    """What becomes of a command with this token at this Telegram: its exit code and everything it said."""
    variables = {"LINLI_TELEGRAM__TOKEN": token, "LINLI_TELEGRAM__BASE_URL": url}
    process = await asyncio.create_subprocess_exec(
        *LINLI,
        command,
        cwd=folder,
        env=os.environ | dict(settings) | variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, said.decode()
