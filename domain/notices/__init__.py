"""Notices: composed, confirmed, sent to whom they are for, known to be read, corrected and withdrawn.
Source: docs/rules.md §7.

Knows what may follow what. Turning an audience into recipients and walking through them is ``storage/mailings.py``'s;
how fast they leave is delivery's.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.base import Action, Decision
from domain.notices.composing import address, begin, copy, put_media, put_text, set_time, switch
from domain.notices.correcting import AskAgain, ask_again
from domain.notices.receiving import read, tick_off
from domain.notices.sending import confirm, go_on, hold, remind, start, stop, withdraw
from domain.notices.shapes import (
    Address,
    BeginNotice,
    ConfirmNotice,
    CopyNotice,
    GoOnNotice,
    HoldNotice,
    PutMedia,
    PutText,
    ReadNotice,
    RemindNotice,
    SetTime,
    StartNotice,
    StopNotice,
    Switch,
    TickOffCall,
    WithdrawNotice,
)
from domain.notices.terms import MuteKind, SetKind, SetValid, mute_kind, set_kind, set_valid

DECIDE: dict[type[Action], Callable[..., Decision]] = {
    BeginNotice: begin,
    PutText: put_text,
    PutMedia: put_media,
    Switch: switch,
    Address: address,
    SetTime: set_time,
    SetKind: set_kind,
    SetValid: set_valid,
    CopyNotice: copy,
    ConfirmNotice: confirm,
    StartNotice: start,
    HoldNotice: hold,
    GoOnNotice: go_on,
    StopNotice: stop,
    WithdrawNotice: withdraw,
    RemindNotice: remind,
    AskAgain: ask_again,
    ReadNotice: read,
    MuteKind: mute_kind,
    TickOffCall: tick_off,
}
ACTIONS = frozenset(
    action.__name__
    for action in (ConfirmNotice, StartNotice, GoOnNotice, WithdrawNotice, RemindNotice, AskAgain, PutText)
)
"""By name, as the store tells what was decided: each of them may leave recipients to walk through."""
