"""What one life of the bot was about to send, and why: written by the bot's process, read by the judge.

The sandbox's record says what was accepted. This only tells apart, of what was accepted, the direct answers to an
update and the messages of the outbox, so that repeats can be counted of each.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.record import CallRecord


class Journal:
    """The writing end. A line is in the file when ``about_to`` returns, so a kill -9 takes none back."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def about_to(self, method: str, params: Mapping[str, Any], *, update_id: int = 0) -> None:
        """A call is about to leave; ``update_id`` is the update it answers directly, 0 when it is of the outbox."""
        text = params.get("text", params.get("caption"))
        line = [method, params.get("chat_id"), text, update_id]
        os.write(self._file, json.dumps(line).encode() + b"\n")


class Reasons:
    """The reading end, for one life."""

    def __init__(self, path: Path) -> None:
        self._of: dict[tuple[str, Any, Any], list[int]] = defaultdict(list)
        # A kill may tear the line it falls into; then the call had not left.
        *lines, _torn = path.read_text().split("\n") if path.exists() else [""]
        for method, chat, text, update_id in map(json.loads, lines):
            self._of[method, chat, text].append(update_id)

    def take(self, call: CallRecord, *, stored: bool) -> int | None:
        """The update that an accepted call answered directly, 0 when it was of the outbox, None when none is left.

        ``stored``: the outbox knows its message, which decides when the same words left for both reasons.
        """
        text = call.params.get("text", call.params.get("caption"))
        reasons = self._of.get((call.method, call.chat_id, text))
        if not reasons:
            return None
        reason = 0 if stored and 0 in reasons else reasons[0]
        reasons.remove(reason)
        return reason
