"""A made-up street and its people, to try everything on: who lives where and who holds which role.

Data only. What happened among them is `bot/demo_story.py`'s. Every name, place and number here is invented.
"""

from dataclasses import dataclass

from domain.base import Role

STREET = "xihe"
"""The code of the street; it is how a database is known to hold this town."""


@dataclass(frozen=True, slots=True)
class DemoUnit:
    """A unit of the tree: its code, kind, names in both languages, and the code of the unit above it."""

    code: str
    kind: str
    name: str
    name_en: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody to play. ``note`` says in both languages who they are; ``phone`` is what their contact card says.

    ``home`` is the code of their building, ``flat`` what they give with their first request. ``role`` is held at the
    unit with the code ``at``; None is a resident. Who is not ``known`` has never pressed Start.
    """

    telegram_id: int
    name: str
    note: str
    home: str = ""
    flat: str = ""
    role: Role | None = None
    at: str = ""
    language: str = "zh"
    known: bool = True

    @property
    def phone(self) -> str:
        """A number that ends in the Telegram id, as a Chinese mobile number with its country."""
        return f"+8613800{self.telegram_id:06d}"


def _building(parent: str, community: str, number: int) -> DemoUnit:
    return DemoUnit(f"{community}-{number}", "building", f"{number}号楼", f"Building {number}", parent)


DEMO_UNITS: tuple[DemoUnit, ...] = (
    DemoUnit(STREET, "street", "西河街道", "Xihe Street"),
    DemoUnit("lanting", "community", "兰亭社区", "Lanting Community", STREET),
    DemoUnit("lanting-g1", "grid", "第一网格", "Grid 1", "lanting"),
    DemoUnit("lanting-g2", "grid", "第二网格", "Grid 2", "lanting"),
    DemoUnit("lanting-g3", "grid", "第三网格", "Grid 3", "lanting"),
    *(_building("lanting-g1", "lanting", number) for number in (1, 2, 3)),
    *(_building("lanting-g2", "lanting", number) for number in (5, 6)),
    *(_building("lanting-g3", "lanting", number) for number in (8, 9)),
    DemoUnit("hepan", "community", "河畔社区", "Riverside Community", STREET),
    DemoUnit("hepan-g1", "grid", "第一网格", "Grid 1", "hepan"),
    DemoUnit("hepan-g2", "grid", "第二网格", "Grid 2", "hepan"),
    *(_building("hepan-g1", "hepan", number) for number in (1, 2)),
    *(_building("hepan-g2", "hepan", number) for number in (3, 4)),
)

LI, WANG, CHEN, ZHAO, ZHOU, EMILY, LIU, SUN, ZHANG, HE = range(1001, 1011)
HUANG, XU, MA, ZHENG, GAO = range(1011, 1016)
LIN, DAVID = 1091, 1092

DEMO_PEOPLE: tuple[DemoPerson, ...] = (
    DemoPerson(LI, "李桂兰", "居民 · 兰亭3号楼301，独居 · Resident, lives alone", "lanting-3", "301"),
    DemoPerson(
        CHEN, "陈芳", "楼组长 · 兰亭3号楼 · Building leader", "lanting-3", "601", Role.LEADER, "lanting-3"
    ),
    DemoPerson(WANG, "王建国", "党员 · 兰亭3号楼 · Member", "lanting-3", "502", Role.MEMBER, "lanting-3"),
    DemoPerson(
        EMILY,
        "Emily Carter",
        "居民 · 兰亭3号楼402 · Resident, reads English",
        "lanting-3",
        "402",
        language="en",
    ),
    DemoPerson(LIU, "刘洋", "党员 · 兰亭社区报到 · Member", "lanting-5", "1101", Role.MEMBER, "lanting"),
    DemoPerson(ZHAO, "赵敏", "书记 · 兰亭社区 · Secretary", "lanting-2", "201", Role.SECRETARY, "lanting"),
    DemoPerson(
        SUN, "孙晓梅", "网格员 · 兰亭第二网格 · Grid leader", "lanting-6", "304", Role.LEADER, "lanting-g2"
    ),
    DemoPerson(ZHANG, "张伟", "居民 · 兰亭5号楼1203 · Resident", "lanting-5", "1203"),
    DemoPerson(HE, "何静", "居民 · 兰亭8号楼601 · Resident", "lanting-8", "601"),
    DemoPerson(HUANG, "黄志强", "书记 · 河畔社区 · Secretary", "hepan-4", "802", Role.SECRETARY, "hepan"),
    DemoPerson(XU, "徐丽", "楼组长 · 河畔1号楼 · Building leader", "hepan-1", "403", Role.LEADER, "hepan-1"),
    DemoPerson(MA, "马超", "党员 · 河畔1号楼 · Member", "hepan-1", "703", Role.MEMBER, "hepan-1"),
    DemoPerson(ZHENG, "郑秀珍", "居民 · 河畔1号楼201 · Resident", "hepan-1", "201"),
    DemoPerson(GAO, "高峰", "居民 · 河畔3号楼1502 · Resident", "hepan-3", "1502"),
    DemoPerson(ZHOU, "周立新", "管理员 · 西河街道 · Administrator", "lanting-1", "101", Role.ADMIN, STREET),
    DemoPerson(LIN, "林小雨", "新邻居 · 还没按过开始 · New here, has not pressed Start", known=False),
    DemoPerson(
        DAVID,
        "David Miller",
        "新邻居 · 还没按过开始 · New here, has not pressed Start",
        language="en",
        known=False,
    ),
)
