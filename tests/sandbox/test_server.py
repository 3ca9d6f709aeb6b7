"""The sandbox's port: whoever comes while it closes is sent away, and nothing of them is left behind."""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import suppress

import pytest

from sandbox import Sandbox


@pytest.mark.parametrize("turns", range(5))
async def test_who_comes_at_the_moment_it_closes_leaves_nothing_open(turns: int) -> None:
    sandbox = Sandbox()
    await sandbox.start()
    host, _, port = sandbox.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as client:
        for _ in range(turns):
            await asyncio.sleep(0)
        await sandbox.stop()
        client.settimeout(5)
        # Reset by the port, or closed by whoever had let them in.
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
    # What was left open says so as it is collected, and pytest makes that an error.
    gc.collect()
