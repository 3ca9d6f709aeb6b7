"""The page of the rules: its sections are those the code names, and what it says of numbers is what the program has."""

import re
from collections.abc import Iterator
from datetime import time, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings, describe
from domain.rulebook import Category, Rulebook

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
SIGN = "\N{SECTION SIGN}"
SECTION = re.compile(rf"{SIGN}(\d+)")
NAMED = re.compile(rf"docs/rules\.md ({SIGN}\d+(?:, {SIGN}\d+)*)")
FOLDERS = (
    "benchmarks",
    "bot",
    "docs",
    "domain",
    "handlers",
    "jobs",
    "sandbox",
    "sheets",
    "storage",
    "tests",
    "views",
)
TABLES = {"| setting | default | meaning |": True, "| fixed | value | meaning |": False}
ROW = re.compile(r"\| `([^`]+)` \| `([^`]*)` \| .+ \|")

RULES = (
    "deadlines",
    "digests",
    "limits",
    "meetings",
    "notices",
    "people",
    "points",
    "retention",
    "rules",
    "study",
)
"""Settings that are rules of the house, all of them; of the other sections only a few are."""


def texts() -> Iterator[tuple[Path, str]]:
    files = [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), ROOT / "Makefile"]
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            # Benchmarks keep the libraries they compare with in a hidden folder of theirs.
            hidden = any(part.startswith(".") for part in path.relative_to(ROOT).parts)
            if path.suffix in {".md", ".py", ".toml"} and not hidden:
                files.append(path)
    for path in files:
        if path != ROOT / "docs" / "rules.md":
            yield path, path.read_text(encoding="utf-8")


def sections() -> list[str]:
    return re.findall(r"^## (\d+)\. \S", PAGE, flags=re.MULTILINE)


def stated(page: str) -> Iterator[tuple[bool, str, str]]:
    """(is it a setting, its name, what the page says) of each row of the tables of numbers."""
    kind: bool | None = None
    for line in page.splitlines():
        if not line.startswith("|"):
            kind = None
        elif line in TABLES:
            kind = TABLES[line]
        elif kind is not None and not line.startswith("|---"):
            row = ROW.fullmatch(line)
            assert row is not None, line
            yield kind, row[1], row[2]


def shown(value: Any) -> str:
    """A value as the page writes it."""
    match value:
        case bool():
            return str(value).lower()
        case time():
            return f"{value:%H:%M}"
        case timedelta():
            for name in ("day", "hour", "minute"):
                number, rest = divmod(value, timedelta(**{f"{name}s": 1}))
                if number and not rest:
                    return f"{number} {name}" if number == 1 else f"{number} {name}s"
            raise AssertionError(value)
        case tuple():
            return ", ".join(getattr(one, "code", None) or shown(one) for one in value)
    return str(value)


def value_of(name: str, *, setting: bool) -> Any:
    if not setting:
        module, _, constant = name.rpartition(".")
        return getattr(import_module(module), constant)
    value: Any = Settings()
    for key in name.split("."):
        if hasattr(value, key):
            value = getattr(value, key)
        else:
            value = {str(one): found for one, found in value.items()}[key]
    return value


def differences(page: str) -> list[str]:
    return [
        f"{name} is {real}, not {said}"
        for setting, name, said in stated(page)
        if said != (real := shown(value_of(name, setting=setting)))
    ]


def test_its_sections_are_numbered_in_their_order() -> None:
    assert sections() == [str(number) for number in range(1, len(sections()) + 1)]


def test_each_section_that_is_named_is_there_and_each_is_named_by_the_code() -> None:
    named = {
        number
        for path, text in texts()
        if path.suffix == ".py"
        for found in NAMED.findall(text)
        for number in SECTION.findall(found)
    }
    assert named == set(sections())
    assert set(SECTION.findall(PAGE)) <= set(sections())


def test_no_source_of_a_rule_is_named_that_a_reader_does_not_have() -> None:
    assert [f"{path}: {text}" for path, text in texts() if SIGN in NAMED.sub("", text)] == []


def test_what_it_says_of_numbers_is_what_the_program_has() -> None:
    assert differences(PAGE) == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("| `rules.max_open_claims` | `3` |", "| `rules.max_open_claims` | `4` |"),
        ("| `domain.deputies.MAX_AWAY` | `60 days` |", "| `domain.deputies.MAX_AWAY` | `61 days` |"),
    ],
)
def test_a_number_that_is_wrong_shows(said: str, wrong: str) -> None:
    assert said in PAGE
    assert len(differences(PAGE.replace(said, wrong))) == 1


def test_it_states_every_setting_that_is_a_rule_once() -> None:
    found = [name for setting, name, _ in stated(PAGE) if setting]
    assert len(found) == len(set(found))
    tables = ("points.per_hour", "points.rating_factor")
    wanted = {setting.name for setting in describe() if setting.name.partition(".")[0] in RULES}
    wanted -= set(tables)
    wanted |= {f"{table}.{key}" for table in tables for key in value_of(table, setting=True)}
    assert wanted <= set(found), wanted - set(found)


def test_its_categories_are_those_of_the_rulebook() -> None:
    def line(one: Category) -> str:
        private, sensitive = ("yes" if yes else "no" for yes in (one.always_private, one.sensitive))
        cells = (f"`{one.code}`", one.zh, one.en, ", ".join(one.urgencies), one.kind, private, sensitive)
        return f"| {' | '.join(cells)} |"

    head = "| category | 中文 | English | urgencies | kind | private | about staff |"
    lines = PAGE.splitlines()
    begins = lines.index(head) + 2
    categories = Rulebook().categories
    assert lines[begins : begins + len(categories) + 1] == [*map(line, categories), ""]
    assert not any(one.photo_on_report for one in categories)
