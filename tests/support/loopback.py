"""A guard that knows every attempt to leave this machine and refuses it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

INTERNET = (socket.AF_INET, socket.AF_INET6)


def stays_here(host: Any) -> bool:
    """Whether a host names this machine."""
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    try:
        address = ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _is_address(host: Any) -> bool:
    try:
        ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return True


def guard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Refuse every connection and look-up that leaves this machine. Returns the list in which attempts are noted."""
    attempts: list[str] = []

    def refuse(host: Any) -> None:
        attempts.append(str(host))
        raise OSError(f"a test tried to reach {host}")

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: socket.socket, address: Any) -> Any:
            if self.family in INTERNET and not stays_here(address[0]):
                refuse(address[0])
            return original(self, address)

        return connect

    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **named: Any) -> Any:
        # A numeric address is only parsed; a name would be asked of somebody else.
        if not stays_here(host) and not _is_address(host):
            refuse(host)
        return look_up(host, *args, **named)

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return attempts
