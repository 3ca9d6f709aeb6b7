"""One pipeline for every line the program writes about itself.

structlog's loggers and the standard library's (httpx, aiohttp, telegram, asyncio, uvicorn, warnings, uncaught
exceptions) end in the same handler: context variables joined, rendered for people or as JSON, and redacted last, so
that whatever rendering made of a secret is still covered. Which texts are secret comes in as an argument; who binds
`update_id` is the intake (`structlog.contextvars.bound_contextvars`).
"""

import logging
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from bot.redact import Redactor
from bot.settings_model import LogSettings

# What these say below the given level is noise on the hot path, or holds people's words (SQL parameters, requests).
_QUIET = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "apscheduler": logging.WARNING,
    "uvicorn": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
    # These tell every letter of a document, every font and every piece of a picture.
    "fontTools": logging.WARNING,
    "fpdf": logging.WARNING,
    "matplotlib": logging.WARNING,
    "PIL": logging.WARNING,
    "telegram": logging.INFO,
    "aiosqlite": logging.INFO,
    "asyncio": logging.INFO,
}


def configure(settings: LogSettings, *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Send all logging to `stream` (standard error) as `settings` say, without `secrets` (see `Redactor`).

    Also takes over warnings and what nobody caught, in the main thread and in others. Calling it again replaces
    what the former call set up.
    """
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    redactor = Redactor(secrets)
    handler = _Handler(stream or sys.stderr, redactor=redactor)
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(settings, handler.stream),
                _Redaction(redactor),
            ],
        )
    )
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        # Calls below the level are empty functions: nothing is bound, formatted or even looked at.
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    for former in [known for known in root.handlers if isinstance(known, _Handler)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(level, quiet))
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _renderers(settings: LogSettings, stream: TextIO) -> list[Processor]:
    if settings.format == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    return [
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(),
            # Values are quoted, so that a line break in a person's words cannot forge a line.
            repr_native_str=True,
            # The pretty one shows local variables and wraps lines, which would cut a secret in two.
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]


class _Redaction:
    """The last processor: takes the rendered line."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, logger: WrappedLogger, name: str, line: EventDict | str) -> str:
        return self._redactor(str(line))


class _Handler(logging.StreamHandler[TextIO]):
    """A stream handler that keeps secrets also when a line cannot be formatted."""

    def __init__(self, stream: TextIO, *, redactor: Redactor) -> None:
        super().__init__(stream)
        self._redactor = redactor

    def handleError(self, record: logging.LogRecord) -> None:
        """Say which call failed; the standard library would print its arguments as they are."""
        error = sys.exc_info()[1]
        told = f"a log line of {record.name} at {record.pathname}:{record.lineno} could not be written: {error!r}\n"
        with suppress(Exception):  # the stream itself may be what is broken
            self.stream.write(self._redactor(told))
            self.flush()


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("linli").critical("uncaught exception", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        name = failed.thread.name if failed.thread else "unknown"
        logging.getLogger("linli").critical(
            "uncaught exception in thread %s", name, exc_info=failed.exc_value
        )
