"""The clock's jobs in the chat of an admin: how they fare, one run by hand, and forged presses."""

from __future__ import annotations

from domain.base import Role
from domain.jobs import NoteFailure
from jobs.ticker import CLOCK
from tests.support.databases import on_sqlite
from tests.support.program import Program

pytestmark = on_sqlite


async def test_an_admin_sees_how_the_jobs_fare_and_runs_one_by_hand(program: Program) -> None:
    admin = program.person("管理员", started=True)
    await program.settles(admin, role=Role.ADMIN, at="street")
    admin.listens()
    await admin.says("/jobs")
    admin.reads("job.title", "积分入账", "到期清理", "每天 03:30")

    retention = next(one for one in await program.store.jobs.all() if one.name == "retention")
    await admin.presses(f"jobs.see:{retention.id}")
    admin.reads("job_does.retention", "现在就运行一次吗", "还没运行过")
    await admin.presses("jobs.run")
    admin.reads("job.asked_for")
    await program.until(lambda: _has_run(program))
    await admin.presses("jobs.list")
    admin.reads("job.title", "今天 10:00")

    for _ in range(2):
        await program.store.perform(NoteFailure("retention", "ValueError"), CLOCK, now=program.clock.now())
    await program.quiet()
    admin.reads("job.failing", "到期清理")
    await admin.presses("jobs.list")
    admin.reads("job.some_wrong", "❌", "连续出错 2 次")


async def test_nobody_else_sees_them_and_forged_numbers_find_nothing(program: Program) -> None:
    for player in (program.zhao, program.chen, program.wang, program.lan):
        await player.says("/jobs")
        player.reads("refused.not_found")
        await player.forged("jobs.run:1", message_id=player.messages[-1].id)
        await player.forged("jobs.see:1", message_id=player.messages[-1].id)
    assert [one for one in await program.store.jobs.all() if one.asked_at] == []
    admin = program.person("管理员", started=True)
    await program.settles(admin, role=Role.ADMIN, at="street")
    admin.listens()
    await admin.says("/jobs")
    for data in ("jobs.run:99", "jobs.see:999999999999999999", "jobs.run:0:abc", "jobs.list:7:x"):
        await admin.forged(data, message_id=admin.messages[-1].id)
    assert [one for one in await program.store.jobs.all() if one.asked_at] == []


async def _has_run(program: Program) -> bool:
    return any(one.name == "retention" and one.last_at for one in await program.store.jobs.all())
