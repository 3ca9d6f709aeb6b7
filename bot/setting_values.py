"""Kinds of value a setting can have: how each is read, checked and hidden.

Knows single values only; which setting has which kind is in `bot/settings_model.py`. A check raises `ValueError`
whose text is short and never holds the value, because the value may be secret.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Secret, SecretStr

from bot.redact import MASK
from domain.rulebook import URGENCIES


class SecretUrl(Secret[str]):
    """A URL whose password is hidden wherever it is printed; `get_secret_value()` is the whole of it."""

    def _display(self) -> str:
        whole = self.get_secret_value()
        netloc = urlsplit(whole).netloc
        user_info, at, host = netloc.rpartition("@")
        user, colon, _ = user_info.partition(":")
        return whole.replace(netloc, f"{user}:{MASK}{at}{host}", 1) if colon else whole

    def secrets(self) -> Iterator[str]:
        """The password, as written and percent-decoded; nothing when there is none."""
        password = urlsplit(self.get_secret_value()).password
        if password:
            yield password
            yield unquote(password)


class DatabaseUrl(SecretUrl):
    """`sqlite:///file` or `postgresql://user:password@host/database`."""

    @property
    def sqlite_path(self) -> Path | None:
        """The SQLite file, relative to the current folder when so written (`sqlite:////` begins an absolute
        path); None on PostgreSQL.
        """
        value = self.get_secret_value()
        return Path(value.removeprefix("sqlite:///")) if value.startswith("sqlite:///") else None


def host_and_port(listen: str) -> tuple[str, int]:
    """Split "host:port" ("[::1]:8091" for IPv6; port 0 takes any free one). Raises ValueError."""
    host, colon, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError("not of the form host:port")
    return host, int(port)


def is_listen(value: str) -> str:
    host_and_port(value)
    return value


def is_listen_or_off(value: str) -> str:
    return value and is_listen(value)


def _url_parts(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port  # parsed only when asked for
    except ValueError:
        # urllib's own words may quote the password.
        raise ValueError("not readable as a URL; a / in a password has to be written %2F") from None
    return parts


def is_web_url(value: str) -> str:
    parts = _url_parts(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("no http:// or https:// address, or one with a user name in it")
    return value.rstrip("/")


def is_web_url_or_empty(value: str) -> str:
    return value and is_web_url(value)


def is_proxy(value: SecretUrl) -> SecretUrl:
    parts = _url_parts(value.get_secret_value())
    if value.get_secret_value() and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("no http:// or https:// address")
    return value


def is_database(value: DatabaseUrl) -> DatabaseUrl:
    parts = _url_parts(value.get_secret_value())
    if parts.scheme == "postgresql" and len(parts.path) > 1:
        if "@" in parts.path:
            raise ValueError("a password with / in it, which has to be written %2F")
        if "password" in parse_qs(parts.query):
            raise ValueError("a password after the question mark; it belongs before the @")
    elif parts.scheme != "sqlite" or parts.netloc or parts.query or parts.path in ("", "/", "/:memory:"):
        raise ValueError("neither a SQLite file nor a PostgreSQL database")
    return value


def is_token(value: SecretStr) -> SecretStr:
    if value.get_secret_value() and not re.fullmatch(r"[0-9]{1,20}:[A-Za-z0-9_-]+", value.get_secret_value()):
        raise ValueError("not the shape of a bot token")
    return value


def is_webhook_secret(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", value.get_secret_value()):
        raise ValueError("characters Telegram does not take")
    return value


def is_public_key(value: SecretStr) -> SecretStr:
    key = value.get_secret_value()
    if key.startswith("AGE-SECRET-KEY-"):
        raise ValueError("a private key, which must not lie beside what it opens; set the public one")
    if key and not re.fullmatch(r"age1[02-9ac-hj-np-z]{58}", key):
        raise ValueError("not the shape of an age public key")
    return value


def is_time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ValueError, KeyError) as error:  # "not found" is a KeyError, a folder's name an OSError
        raise ValueError("an unknown time zone") from error
    return value


def is_country(value: str) -> str:
    if not re.fullmatch(r"([A-Z]{2})?", value):
        raise ValueError("no code of a country, two capital letters")
    return value


def is_urgency(value: str) -> str:
    if value not in URGENCIES:
        raise ValueError("no such urgency")
    return value


def clock_time(value: object) -> object:
    """A time of day as people write it, "09:00" or TOML's own 09:00:00; a bare number would be taken as seconds."""
    if isinstance(value, str):
        try:
            value = time.fromisoformat(value)
        except ValueError:
            raise ValueError("no time of day") from None
    if not isinstance(value, time) or value.tzinfo is not None:
        raise ValueError("no local time of day")
    return value


def split(value: object) -> object:
    """A list as the environment can carry it: JSON, or words parted by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return _from_json(value)
    return [word.strip() for word in value.split(",") if word.strip()]


def _from_json(value: str) -> object:
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise ValueError("not readable as JSON") from error


def table(value: object) -> object:
    """A table as the environment can carry it: JSON."""
    return _from_json(value) if isinstance(value, str) else value


def over(defaults: Mapping[Any, int]) -> BeforeValidator:
    """A table (JSON in the environment) in which what is left out keeps its default."""

    def fill(value: object) -> object:
        if isinstance(value, str):
            value = _from_json(value)
        if not isinstance(value, Mapping):
            return value
        return {str(key): amount for key, amount in defaults.items()} | {str(k): v for k, v in value.items()}

    return BeforeValidator(fill)
