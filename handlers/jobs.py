"""The jobs of the clock: how each fares, and one run by hand after a second yes."""

from __future__ import annotations

from domain.jobs import RunJob, SeeJob, SeeJobs
from handlers.turn import Answer, Do, Turn, sent, turned
from storage.outbox import Reply
from views import jobs as screens


async def jobs(turn: Turn) -> Answer:
    """``/jobs``."""
    return sent(screens.jobs(await turn.read(SeeJobs()), voice=await turn.voice()))


async def again(turn: Turn) -> Answer:
    """``jobs.list:0``: the same as it is now."""
    return turned(turn, screens.jobs(await turn.read(SeeJobs()), voice=await turn.voice()))


async def see(turn: Turn) -> Answer:
    """``jobs.see:<job_id>``: one of them, and the question whether to run it."""
    row = await turn.read(SeeJob(turn.pressed.id))
    return turned(turn, screens.job(row, voice=await turn.voice()))


async def run(turn: Turn) -> Answer:
    """``jobs.run:<job_id>``: yes."""
    row = await turn.read(SeeJob(turn.pressed.id))
    said = Reply("job.asked", turn.chat_id, params={"job": row.name}, edit_message_id=turn.pressed.message_id)
    return Do(RunJob(turn.pressed.id), replies=(said,), toast="toast.job_asked")
