"""A Telegram on this machine: the Bot API over HTTP, a page to play people on, and handles to play them in tests.

Knows Telegram only; any bot can be tried with it.
"""

from sandbox.errors import ActError, ApiError
from sandbox.faults import Fault, FaultPlan
from sandbox.limits import Limits
from sandbox.people import Answer, Group, Message, Person
from sandbox.record import CallRecord
from sandbox.server import Sandbox

__all__ = [
    "ActError",
    "Answer",
    "ApiError",
    "CallRecord",
    "Fault",
    "FaultPlan",
    "Group",
    "Limits",
    "Message",
    "Person",
    "Sandbox",
]
