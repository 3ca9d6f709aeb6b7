"""The button that puts a person's account on the block list, or takes it off."""

from __future__ import annotations

from views.message import Button
from views.voice import Voice


def button(person_id: int, *, blocked: bool, voice: Voice) -> Button:
    """For a person's card, where the reader may."""
    if blocked:
        return voice.button("button.unblock", "block.remove", person_id)
    return voice.button("button.block", "block.add", person_id)
