"""How the sandbox says no: as Telegram does to a bot, and in a plain sentence to whoever plays a person."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A Bot API method was refused. `code` is the HTTP status, `description` Telegram's own wording where it has one."""

    def __init__(self, code: int, description: str, *, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


class ActError(Exception):
    """A person cannot do this here; the text is a sentence for a human."""


def bad_request(reason: str, *, parameters: dict[str, Any] | None = None) -> ApiError:
    return ApiError(400, f"Bad Request: {reason}", parameters=parameters)


def forbidden(reason: str) -> ApiError:
    return ApiError(403, f"Forbidden: {reason}")
