"""What the admins are told of backups, disks and the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from domain.backup import TOLD
from domain.base import Scalar
from views.message import Message
from views.safe import Html
from views.voice import Voice, card


def told(params: Mapping[str, Scalar], facts: None, voice: Voice) -> Message:
    """Something has gone wrong, or is well again; with what is left, and what to do."""
    what, number = str(params.get("told")), int(params.get("number") or 0)
    if what not in TOLD:
        return Message(card(voice.say("refused.not_found")))
    more = Html("")
    if what == "backup_on":
        more = voice.say("backup.never") if number < 0 else voice.say("backup.last", count=number)
    elif what == "ledger_on":
        more = voice.say("ledger.differences", count=number)
    elif what.startswith("disk"):
        more = voice.say("disk.left", megabytes=number)
    return Message(card(voice.term("trouble", what), more))
