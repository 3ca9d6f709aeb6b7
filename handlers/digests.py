"""Choosing digests: the card, and a press for each choice on it."""

from __future__ import annotations

from domain.base import NOT_FOUND, Refused
from domain.digests import ChooseDigest, Digest, Rhythm, SeeDigests
from handlers.turn import Answer, Do, Turn, sent
from storage.outbox import Reply
from views import digests as screens


async def see(turn: Turn) -> Answer:
    """``digest.see:0``: below what it was pressed on, which stays."""
    return sent(screens.settings(await turn.read(SeeDigests()), voice=await turn.voice()))


async def home(turn: Turn) -> Answer:
    """``digest.home:0:<rhythm>``."""
    return await _chosen(turn, Digest.HOME)


async def desk(turn: Turn) -> Answer:
    """``digest.desk:0:<rhythm>``."""
    return await _chosen(turn, Digest.DESK)


async def _chosen(turn: Turn, which: Digest) -> Do:
    try:
        rhythm = Rhythm(turn.pressed.arg)
    except ValueError:
        raise Refused(NOT_FOUND) from None
    me = (await turn.actor()).person_id
    card = Reply("digest.settings", turn.chat_id, subject_id=me, edit_message_id=turn.pressed.message_id)
    return Do(ChooseDigest(which, rhythm), replies=(card,), toast="toast.saved")
