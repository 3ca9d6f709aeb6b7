"""The order in which messages may leave: who waits for whom when Telegram's limits bind.

Knows the lanes and nothing else. Which kind of message travels in which lane is said where the message is
written down; how many may leave per second is the limiter's.
"""

from __future__ import annotations

from enum import IntEnum


class Lane(IntEnum):
    """A smaller number goes first. The numbers are stored with each message, so they never change meaning."""

    PERSON = 0
    CLAIM = 1
    REMINDER = 2
    BROADCAST = 3

    @property
    def is_bulk(self) -> bool:
        """Nobody sits waiting for it: it leaves room for those who do."""
        return self >= Lane.REMINDER
