"""Logs: one pipeline, and no secret in any line of it."""

import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
import structlog

from bot.logs import configure
from bot.redact import Redactor
from bot.settings import LogSettings

KEY = "AAtestTESTtestTESTtestTESTtestTEST"
TOKEN = f"1234567890:{KEY}"
PASSWORD = 'p"ä@ss\\w/ord'
FORMATS = ("console", "json")

Configure = Callable[..., io.StringIO]


@pytest.fixture
def configured() -> Iterator[Configure]:
    """`configure` into a buffer; everything it changes in the process is put back."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers), sys.excepthook, threading.excepthook)
    names = ("httpx", "httpcore", "aiohttp.access", "apscheduler", "uvicorn", "sqlalchemy", "alembic")
    levels = {name: logging.getLogger(name).level for name in (*names, "telegram", "aiosqlite", "asyncio")}

    def start(**settings: str) -> io.StringIO:
        # pytest's own handlers would format what must not be formatted, and raise where ours tells.
        root.handlers[:] = [known for known in root.handlers if type(known).__module__ == "bot.logs"]
        stream = io.StringIO()
        configure(LogSettings.model_validate(settings), secrets=[TOKEN, PASSWORD, ""], stream=stream)
        return stream

    yield start
    logging.captureWarnings(False)
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    sys.excepthook, threading.excepthook = before[2], before[3]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


def secrets_in(text: str) -> list[str]:
    found = [
        TOKEN,
        KEY,
        quote(TOKEN, safe=""),
        quote(PASSWORD, safe=""),
        PASSWORD,
        json.dumps(PASSWORD)[1:-1],
    ]
    return [secret for secret in found if secret.lower() in text.lower()]


def fail_with(text: str) -> None:
    secret_local = text
    try:
        raise ValueError(text)
    except ValueError as error:
        raise RuntimeError(f"could not reach {secret_local}") from error


class Bomb:
    """Fails when anybody formats it."""

    def __str__(self) -> str:
        raise AssertionError("formatted")

    __repr__ = __str__


@pytest.mark.parametrize("style", FORMATS)
class TestSecrets:
    @pytest.mark.parametrize(
        "text",
        [
            TOKEN,
            KEY,
            quote(TOKEN, safe=""),
            quote(TOKEN, safe="").lower().replace(KEY.lower(), KEY),
            f"https://api.telegram.org/bot{TOKEN}/getUpdates?offset=3",
            f"https://api.telegram.org/file/bot{TOKEN}/photos/file_1.jpg",
            f"postgresql://linli:{PASSWORD}@db/linli",
            f"postgresql://linli:{quote(PASSWORD, safe='')}@db/linli",
            f'{{"token": "{TOKEN}"}}',
        ],
    )
    def test_a_secret_is_in_no_line_and_no_traceback(
        self, configured: Configure, style: str, text: str
    ) -> None:
        stream = configured(format=style, level="debug")
        log = structlog.get_logger("bot.test")
        event = f"event {text}"
        log.info(event, value=text, nested={"list": [text], "bytes": text.encode()}, **{text: 1})
        for name in ("httpx", "aiohttp.client", "telegram.ext", "asyncio", "uvicorn.error", "anything"):
            logging.getLogger(name).warning("HTTP Request: POST %s", text)
        try:
            fail_with(text)
        except RuntimeError:
            log.exception("failed")
            logging.getLogger("telegram.ext").exception("failed with %s", text)
        written = stream.getvalue()
        assert not secrets_in(written)
        assert written.count("Traceback") == 4  # each with its cause: the test sees real tracebacks
        assert written.count("***") >= 9

    @pytest.mark.parametrize("name", ["httpx", "telegram.ext"])
    def test_the_link_of_a_token_nobody_listed_is_covered_by_its_shape(
        self, configured: Configure, style: str, name: str
    ) -> None:
        stream = configured(format=style)
        logging.getLogger(name).warning("POST https://api.telegram.org/bot42:short-key_1/getMe")
        logging.getLogger(name).warning("POST https://api.telegram.org/bot42%3Ashort-key_1/getMe")
        logging.getLogger(name).warning("connecting to postgresql://me:pw@db/linli")
        assert "short-key_1" not in stream.getvalue()
        assert ":pw@" not in stream.getvalue()
        assert stream.getvalue().count("bot42:***/getMe") == 2

    def test_a_line_that_cannot_be_formatted_does_not_show_its_arguments(
        self, configured: Configure, style: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stream = configured(format=style)
        logging.getLogger("telegram").warning("%d updates", TOKEN)
        assert "could not be written" in stream.getvalue()
        assert "test_logs.py" in stream.getvalue()
        assert not secrets_in(stream.getvalue() + "".join(capsys.readouterr()))

    def test_what_nobody_caught_is_logged_without_secrets(self, configured: Configure, style: str) -> None:
        stream = configured(format=style)
        try:
            fail_with(TOKEN)
        except RuntimeError as error:
            sys.excepthook(type(error), error, error.__traceback__)
        thread = threading.Thread(target=fail_with, args=(TOKEN,), name="writer")
        thread.start()
        thread.join()
        assert stream.getvalue().count("RuntimeError: could not reach ***") == 2
        assert "in thread writer" in stream.getvalue()
        assert not secrets_in(stream.getvalue())

    def test_a_traceback_does_not_show_local_variables(self, configured: Configure, style: str) -> None:
        stream = configured(format=style)
        words = " ".join(["flat", "3", "is", "empty"])
        try:
            raise RuntimeError(str(len(words)))
        except RuntimeError:
            structlog.get_logger("bot").exception("failed")
        assert "RuntimeError: 15" in stream.getvalue()
        assert words not in stream.getvalue()

    async def test_a_failed_task_and_a_warning_pass_through_the_same_pipeline(
        self, configured: Configure, style: str
    ) -> None:
        stream = configured(format=style)
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"task failed at {TOKEN}", "exception": RuntimeError(TOKEN)}
        )
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn(f"old call to {TOKEN}", UserWarning, stacklevel=1)
        assert "task failed at" in stream.getvalue()
        assert "old call to" in stream.getvalue()
        assert not secrets_in(stream.getvalue())


class TestLines:
    def test_json_is_one_object_a_line_with_time_level_and_logger(self, configured: Configure) -> None:
        stream = configured(format="json")
        structlog.get_logger("bot.intake").info("received %d", 3, text="两\n行")
        logging.getLogger("telegram").warning("slow")
        first, second = map(json.loads, stream.getvalue().splitlines())
        assert first["event"] == "received 3"
        assert (first["logger"], first["level"], first["text"]) == ("bot.intake", "info", "两\n行")
        assert first["timestamp"].endswith("Z")
        assert (second["event"], second["logger"], second["level"]) == ("slow", "telegram", "warning")

    @pytest.mark.parametrize("style", FORMATS)
    def test_the_update_bound_by_the_intake_stands_on_every_line(
        self, configured: Configure, style: str
    ) -> None:
        stream = configured(format=style)
        with structlog.contextvars.bound_contextvars(update_id=77):
            structlog.get_logger("bot").info("ours")
            logging.getLogger("telegram").warning("theirs")
        structlog.get_logger("bot").info("after")
        ours, theirs, after = stream.getvalue().splitlines()
        assert "update_id" in ours
        assert "77" in ours
        assert "77" in theirs
        assert "update_id" not in after

    def test_a_line_break_in_a_value_makes_no_line_of_its_own(self, configured: Configure) -> None:
        stream = configured(format="console")
        structlog.get_logger("bot").info("said", text="hello\n2026-01-01 [critical] forged")
        assert len(stream.getvalue().splitlines()) == 1

    def test_below_the_level_nothing_is_formatted(self, configured: Configure) -> None:
        stream = configured(level="info")
        structlog.get_logger("bot").debug("%s", Bomb(), value=Bomb())
        logging.getLogger("anything").debug("%s", Bomb())
        assert stream.getvalue() == ""
        stream = configured(level="debug")
        logging.getLogger("anything").debug("%s", Bomb())
        assert "AssertionError('formatted')" in stream.getvalue()

    def test_httpx_does_not_tell_each_request_and_libraries_do_not_tell_peoples_words(
        self, configured: Configure
    ) -> None:
        stream = configured(level="debug")
        logging.getLogger("httpx").info("HTTP Request")
        logging.getLogger("sqlalchemy.engine.Engine").info("INSERT INTO request")
        logging.getLogger("telegram.ext").debug("Processing update")
        logging.getLogger("uvicorn.error").info("Started server process")
        assert stream.getvalue() == ""

    def test_configuring_again_replaces_the_former(self, configured: Configure) -> None:
        first = configured()
        second = configured()
        logging.getLogger("telegram").warning("once")
        assert first.getvalue() == ""
        assert second.getvalue().count("once") == 1


class TestRedactor:
    def test_plain_text_passes_unchanged(self) -> None:
        text = "at 12:30 user 123456:abc wrote to http://host:8091/healthz and a@b.example"
        assert Redactor([TOKEN])(text) == text

    def test_a_secret_of_a_few_letters_does_not_blot_out_words(self) -> None:
        assert Redactor(["pw"])("pwd is /srv") == "pwd is /srv"

    def test_a_password_with_an_at_sign_goes_whole(self) -> None:
        assert Redactor()("postgresql://u:p@ss@db/linli") == "postgresql://u:***@db/linli"

    def test_the_longer_of_two_secrets_is_not_left_in_part(self) -> None:
        assert Redactor(["secret", "secret-longer"])("a secret-longer b") == "a *** b"
