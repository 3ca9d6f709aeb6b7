"""Posters in the chat: for whoever may see the unit, as a file to print."""

from __future__ import annotations

from tests.support.program import Program


async def test_a_secretary_gets_the_posters_of_a_grid_as_a_file(program: Program) -> None:
    await program.zhao.forged(f"poster.unit:{program.units['grid']}")
    program.zhao.reads("poster.ready", "第一网格", "2")
    name, content = program.zhao.file() or ("", b"")
    assert (name, content[:5]) == ("linli-grid.pdf", b"%PDF-")


async def test_who_may_not_see_the_unit_gets_nothing(program: Program) -> None:
    for player, unit in (
        (program.zhao, program.units["street"]),
        (program.chen, program.units["b1"]),
        (program.lan, program.units["b1"]),
        (program.zhao, 999_999),
    ):
        await player.forged(f"poster.unit:{unit}")
        player.reads("refused.not_found")
        assert player.file() is None
