"""Check-in 双报到: a member who lives here says so, and the secretary approves. Source: docs/rules.md §2.

A check-in is asked for, approved or asked back, kept up to date, renewed, left, or lapses; the appointment as a member
comes and goes with it. When people are free is ``domain/spare_time.py``'s.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.base import Action, Decision
from domain.checkins.deciding import approve, lapse, remind, send_back
from domain.checkins.joined import greet, tell
from domain.checkins.own import ask, change, keep_confirmation, leave, renew, withdraw
from domain.checkins.shapes import (
    ApproveCheckIn,
    AskCheckIn,
    ChangeCheckIn,
    GreetMember,
    KeepConfirmation,
    LapseCheckIn,
    LeaveCheckIn,
    RemindCheckIn,
    RenewCheckIn,
    ReturnCheckIn,
    TellJoined,
    WithdrawCheckIn,
)

DECIDE: dict[type[Action], Callable[..., Decision]] = {
    AskCheckIn: ask,
    ApproveCheckIn: approve,
    ReturnCheckIn: send_back,
    WithdrawCheckIn: withdraw,
    ChangeCheckIn: change,
    RenewCheckIn: renew,
    LeaveCheckIn: leave,
    KeepConfirmation: keep_confirmation,
    RemindCheckIn: remind,
    LapseCheckIn: lapse,
    TellJoined: tell,
    GreetMember: greet,
}
