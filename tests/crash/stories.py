"""What goes on in a round: small stories, each told by its own people, all of them at the same time.

Every step says what it must have brought about; which way a story goes is drawn from the round's seed.
"""

from __future__ import annotations

from collections.abc import Awaitable
from random import Random

from sandbox.people import Person
from tests.crash.hamlet import (
    FRESH,
    HELPERS,
    LEADER,
    NEWCOMER,
    OUTSIDER,
    RESIDENTS,
    RINGER,
    SECRETARY,
    UNDECIDED,
    VISITED,
    VISITOR,
)
from tests.crash.play import Play

LEFT_OPEN = frozenset({UNDECIDED, RINGER})
"""Whose forms are half filled in at the end of a round, and must still be."""


# --- a request, from the first word to the stars ----------------------------------------------------------------------


async def request(play: Play, resident: Person, *, luck: Random, details: bool = False) -> None:
    """Raised, accepted, claimed by one of many, worked, and ended in one of several ways."""
    words = play.words("三楼的灯不亮了")
    number = await raised(play, resident, words=words, details=details)
    leader, secretary = play.cast[LEADER], play.cast[SECRETARY]
    await opened(play, secretary, number)
    way = luck.choice(("plain", "plain", "letters", "released", "returned", "added", "withdrawn", "declined"))
    if way == "declined":
        await declined(play, resident, number)
        return
    # Leader and secretary decide at the same moment, and one of them presses twice.
    made = await play.press(leader, "request.accept", number, times=luck.choice((1, 2)), at_once=True)
    made += await play.press(secretary, "request.accept", number, at_once=True)
    await play.settled(leader)
    await play.settled(secretary)
    play.expect("accepted", made, "request.accepted")
    play.told(resident, "request.accepted", button=("request.see", number))
    helpers = [play.cast[helper] for helper in HELPERS]
    task = await play.number(helpers[0], "task.claim", containing=words)
    for helper in helpers:
        # Without the button: a card that leaves late shows what is true by then.
        play.told(helper, words=words)
    if way == "withdrawn":
        await withdrawn(play, resident, number)
        return
    helper = await claimed(play, resident, number, task, words=words, luck=luck)
    if way == "released":
        helper = await released(play, resident, helper, number, task, words=words, luck=luck)
    play.expect("started", await play.press(helper, "task.start", task, times=2), "task.started")
    play.told(resident, "request.started", button=("request.see", number))
    if way == "letters":
        await letters(play, resident, helper, number)
    if way == "added":
        await added(play, resident, helper, number)
    await reported(play, resident, helper, number, task)
    if way == "returned":
        await returned(play, resident, helper, number)
        await reported(play, resident, helper, number, task)
    await rated(play, resident, helper, number)


async def raised(play: Play, resident: Person, *, words: str, details: bool) -> int:
    """Out of the blue and through the form; its number. Passed on with two presses at once."""
    async with play.hands(resident):
        await play.says(resident, words)
        await play.press(resident, "request.pass")
        await play.press(resident, "request.category", None, "lift")
        await play.press(resident, "request.urgency", None, "timely")
        await play.press(resident, "request.private", None, "no")
        await play.press(resident, "request.hide", None, "no")
        if details:
            for answer in ("301室", "吴秀英", "13900002222"):
                await play.says(resident, answer)
        play.expect(
            "raised", await play.press(resident, "request.submit", times=2), "request.raised", remarks=1
        )
    number = await play.number(resident, "request.add", containing=words)
    play.told(play.cast[LEADER], words=words, button=("request.accept", number))
    return number


async def opened(play: Play, secretary: Person, number: int) -> None:
    """The secretary, who is not rung while there is a leader, finds it on the desk."""
    await play.says(secretary, "/desk")
    await play.press(secretary, "desk.open", number)
    play.told(secretary, button=("request.accept", number))


async def declined(play: Play, resident: Person, number: int) -> None:
    """The secretary says why not."""
    secretary, reason = play.cast[SECRETARY], play.words("这件事归物业管")
    async with play.hands(secretary):
        await play.press(secretary, "request.decline", number)
        said = await play.says(secretary, reason)
    play.expect("declined", [said], "request.declined", remarks=1)
    play.told(resident, words=reason)


async def withdrawn(play: Play, resident: Person, number: int) -> None:
    """The resident takes it back, after being asked once more."""
    made = await play.press_twice(resident, "request.withdraw", "request.withdrawyes", number, times=2)
    play.expect("withdrawn", made, "request.withdrawn")
    play.told(resident, "withdrawn")


async def claimed(
    play: Play, resident: Person, number: int, task: int, *, words: str, luck: Random
) -> Person:
    """All press at once, one from the group where it hangs there; one gets it. An outsider's forged press never does."""
    helpers = [play.cast[helper] for helper in HELPERS]
    luck.shuffle(helpers)
    made: list[int] = []
    for helper in helpers:
        in_group = play.cast.group if luck.random() < 0.3 else None
        if in_group is not None and play.sees(helper, "task.claim", task, chat=in_group) is None:
            in_group = None
        if play.sees(helper, "task.claim", task, chat=in_group) is None:
            continue  # somebody's press has been dealt with already: too late for this one
        made += await play.press(
            helper, "task.claim", task, times=luck.choice((1, 1, 2)), at_once=True, chat=in_group
        )
    await forged(play, play.cast[OUTSIDER], f"task.claim:{task}:1")
    for helper in helpers:
        await play.settled(helper)
    play.expect("claimed", made, "task.claimed")
    play.told(resident, "request.claimed", button=("request.see", number))
    return await play.until(
        lambda: next(
            (h for h in helpers if play.shows(h, "task.start", task, containing=words, listed="task.see")),
            None,
        ),
        f"somebody holds task {task}",
    )


async def released(
    play: Play, resident: Person, helper: Person, number: int, task: int, *, words: str, luck: Random
) -> Person:
    """The helper cannot come; somebody else takes it, or the same one after all."""
    async with play.hands(helper):
        await play.press(helper, "task.release", task)
        said = await play.says(helper, play.words("家里临时有事"))
    play.expect("released", [said], "task.released", remarks=1)
    play.told(resident, "request.released", button=("request.see", number))
    await play.button(play.cast[HELPERS[0]], "task.claim", task)
    return await claimed(play, resident, number, task, words=words, luck=luck)


async def letters(play: Play, resident: Person, helper: Person, number: int) -> None:
    """A line each way."""
    for writer, reader in ((resident, helper), (helper, resident)):
        words = play.words("几点方便？")
        async with play.hands(writer):
            await play.press(writer, "request.write", number)
            said = await play.says(writer, words)
        play.expect("letter", [said], "request.letter_sent", remarks=1)
        play.told(reader, words=words)


async def added(play: Play, resident: Person, helper: Person, number: int) -> None:
    """The resident has more to say."""
    words = play.words("晚上更暗")
    async with play.hands(resident):
        await play.press(resident, "request.add", number)
        said = await play.says(resident, words)
    play.expect("added", [said], "request.added", remarks=1)
    play.told(helper, words=words)


async def reported(play: Play, resident: Person, helper: Person, number: int, task: int) -> None:
    """Minutes by a button, a note typed, and done pressed twice."""
    async with play.hands(helper):
        await play.press(helper, "task.done", task)
        await play.press(helper, "task.minutes", None, 45)
        await play.says(helper, play.words("换了灯泡"))
        made = await play.press(helper, "form.done", times=2)
    play.expect("reported", made, "task.reported", "request.done", remarks=1)
    play.told(resident, "request.done", button=("request.solved", number))


async def returned(play: Play, resident: Person, helper: Person, number: int) -> None:
    """Not good yet."""
    async with play.hands(resident):
        await play.press(resident, "request.unsolved", number)
        said = await play.says(resident, play.words("还是不亮"))
    play.expect("returned", [said], "request.returned", remarks=1)
    play.told(helper, "task.rework")


async def rated(play: Play, resident: Person, helper: Person, number: int) -> None:
    """Solved; the stars are pressed twice, and somebody who has no say presses them too."""
    await forged(play, play.cast[OUTSIDER], f"request.rate:{number}:5")
    made = await play.press_twice(resident, "request.solved", "request.rate", number, 5, times=2)
    play.expect("rated", made, "request.confirmed", earnings=1)
    play.told(helper, "task.confirmed")


# --- the smaller ones -------------------------------------------------------------------------------------------------


async def visit(play: Play) -> None:
    """The clock has brought a visit; it is made, and resident and leader say so at the same time."""
    visitor, visited, leader = play.cast[VISITOR], play.cast[VISITED], play.cast[LEADER]
    _, data = await play.button(visitor, "task.start")
    task = int(data.split(":")[1])
    play.expect("visit started", await play.press(visitor, "task.start", task, times=2), "task.started")
    play.told(visited, "visit.started")
    async with play.hands(visitor):
        await play.press(visitor, "task.done", task)
        await play.press(visitor, "task.minutes", None, 30)
        await play.press(visitor, "task.wellbeing", None, 3)
        await play.says(visitor, play.words("精神不错"))
        made = await play.press(visitor, "form.done", times=2)
    play.expect("visit made", made, "task.reported", "visit.done", remarks=1)
    await play.button(leader, "visit.rate", None, 5)
    made = await play.press(visited, "visit.rate", None, 5, at_once=True)
    made += await play.press(leader, "visit.rate", None, 5, at_once=True)
    await play.settled(visited)
    await play.settled(leader)
    play.expect("visit confirmed", made, "visit.confirmed", earnings=1)
    play.told(visitor, "visit.confirmed")


async def arrival(play: Play) -> None:
    """Somebody new comes with a printed code."""
    newcomer = play.cast[NEWCOMER]
    await play.act(newcomer, newcomer.start("u-b1"))
    await play.settled(newcomer)
    await play.press(newcomer, "language.pick", 0, "zh")
    play.expect("consented", await play.press(newcomer, "consent.yes"), "person.consented")
    play.expect("moved", await play.press(newcomer, "unit.here"), "person.moved")
    play.told(newcomer, "home.set")
    await play.says(newcomer, "/help")


async def alarm(play: Play) -> None:
    """Danger: leader and secretary are rung, and both answer at once."""
    ringer, leader, secretary = play.cast[RINGER], play.cast[LEADER], play.cast[SECRETARY]
    words = play.words("厨房着火了")
    play.expect("rung", [await play.says(ringer, words)], "alarm.raised", remarks=1)
    number = await play.number(leader, "alarm.seen", containing=words)
    await play.button(secretary, "alarm.seen", number)
    play.told(leader, words=words, button=("alarm.seen", number))
    play.told(secretary, words=words, button=("alarm.seen", number))
    made = await play.press(leader, "alarm.seen", number, at_once=True)
    made += await play.press(secretary, "alarm.seen", number, at_once=True)
    await play.settled(leader)
    await play.settled(secretary)
    play.expect("answered", made, "alarm.acknowledged")
    play.told(ringer, "alarm.acknowledged")


async def half_way(play: Play) -> None:
    """A form begun, left, and looked at again; several messages in one go. It must stay as it is."""
    undecided = play.cast[UNDECIDED]
    await play.says(undecided, "/request")
    for _ in range(3):
        await play.act(undecided, undecided.sends(play.words("楼道里堆了东西")))
    await play.settled(undecided)
    await play.says(undecided, "/mine")
    await play.press(undecided, "request.category", None, "hygiene")
    await play.says(undecided, "/points")


async def looking(play: Play, *, luck: Random) -> None:
    """People look things up, and press what is stale or not theirs; none of it has any effect."""
    readers = {
        LEADER: ("/desk", "/pairs"),
        SECRETARY: ("/desk", "/help"),
        HELPERS[0]: ("/tasks", "/mytasks", "/points"),
        HELPERS[1]: ("/mytasks", "/points"),
        OUTSIDER: ("/mine", "/menu"),
    }
    for _ in range(8):
        reader, commands = luck.choice(sorted(readers.items()))
        await play.says(play.cast[reader], luck.choice(commands))
    outsider = play.cast[OUTSIDER]
    for data in ("request.accept:1:1", "visit.rate:1:5", "alarm.seen:1", "form.submit:1", "nothing.known:1"):
        await forged(play, outsider, data)
    await play.settled(outsider)


async def forged(play: Play, person: Person, data: str) -> None:
    """A press that no button stands behind."""
    last = person.last
    if last is None:
        await play.says(person, "/menu")
        last = person.last
        assert last is not None
    await play.act(person, person.forges(data, last.id))


def all_of(play: Play, *, luck: Random) -> list[Awaitable[None]]:
    """The stories of a round."""
    draws = [Random(luck.random()) for _ in range(4)]
    residents = [play.cast[resident] for resident in RESIDENTS]
    return [
        request(play, residents[0], luck=draws[0]),
        request(play, residents[1], luck=draws[1]),
        request(play, play.cast[FRESH], luck=draws[2], details=True),
        visit(play),
        arrival(play),
        alarm(play),
        half_way(play),
        looking(play, luck=draws[3]),
    ]
