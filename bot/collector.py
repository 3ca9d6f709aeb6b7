"""How often Python looks for cycles among objects that nobody uses any more."""

from __future__ import annotations

import gc


def look_rarely() -> None:
    """To be called when all is loaded: what is there stays, and new objects are looked through every 20,000 of them.

    An update, or a row of a sheet, makes thousands of short-lived objects but hardly any cycles; looking every 700 of them
    costs a twentieth of the throughput and finds nothing.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
