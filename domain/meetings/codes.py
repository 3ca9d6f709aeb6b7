"""The code that is shown on the spot: six digits that change each minute, made of a meeting's secret and the time.

As one-time passwords by time are made (RFC 6238, truncated as in RFC 4226), with a step of a minute. Who is there reads
it from the secretary's screen; it says nothing of the next one.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from domain.base import require_aware

STEP = timedelta(minutes=1)
DIGITS = 6


def _step(moment: datetime) -> int:
    return int(require_aware(moment).timestamp()) // int(STEP.total_seconds())


def _code(secret: str, step: int) -> str:
    digest = hmac.new(secret.encode(), step.to_bytes(8, "big", signed=True), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def code_at(secret: str, moment: datetime) -> str:
    """The code that is shown at a moment.

    >>> from datetime import UTC
    >>> code_at("12345678901234567890", datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    '287082'
    """
    return _code(secret, _step(moment))


def seconds_left(moment: datetime) -> int:
    """How long the code of a moment is shown, in whole seconds from 1 to 60."""
    length = int(STEP.total_seconds())
    return length - int(moment.timestamp()) % length


def is_code(secret: str, code: str, moment: datetime) -> bool:
    """Whether this is the code of the moment, or the one just before it: somebody may have begun to type."""
    step = _step(moment)
    return any(hmac.compare_digest(_code(secret, one), code) for one in (step, step - 1))
