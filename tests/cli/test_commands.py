"""The command line as an operator meets it: whatever they get wrong ends in a sentence, never in a traceback."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import bot
from bot.cli import app

UNITS = """code,kind,name,name_en,parent
street,street,安民街道,Anmin Street,
b1,building,1号楼,Building 1,street
"""
TOKEN = "7654321098:AAHsecretsecretsecretsecretsecret12"

Linli = Callable[..., Result]


@pytest.fixture
def linli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Linli:
    """Runs a command in an empty folder; further arguments are settings by their variable's name without LINLI_."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **settings: str) -> Result:
        variables = {"LINLI_HTTP__LISTEN": "", **{f"LINLI_{name}": value for name, value in settings.items()}}
        result = CliRunner().invoke(app, list(arguments), env=variables)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def units_file(tmp_path: Path) -> str:
    """A small tree that is in order."""
    file = tmp_path / "units.csv"
    file.write_text(UNITS)
    return file.name


# --- settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("telegram = {token", "config.toml is not TOML"),
        ("[telegram]\ntokn = 'x'", "telegram.tokn"),
        ("[log]\nlevel = 'loud'", "log.level"),
        ("[rules]\nmax_open_claims = 0", "rules.max_open_claims"),
        ("\xff", "config.toml"),
    ],
)
def test_a_broken_config_file_is_explained(linli: Linli, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "config.toml").write_bytes(text.encode("latin-1"))
    for command in (["check"], ["run"], ["migrate"], ["outbox"], ["grant", "leader", "5", "b1"]):
        result = linli(*command)
        assert result.exit_code == 2
        assert said in result.output


def test_an_unknown_variable_is_named_with_the_likely_one(linli: Linli) -> None:
    result = linli("check", TELEGRAM__TOKN="x")
    assert result.exit_code == 2
    assert "did you mean LINLI_TELEGRAM__TOKEN" in result.output


def test_a_config_file_that_cannot_be_read_is_named(linli: Linli, tmp_path: Path) -> None:
    assert "none.toml cannot be read" in linli("check", "-c", "none.toml").output
    assert linli("check", "-c", str(tmp_path)).exit_code == 2


def test_a_secret_of_the_wrong_shape_is_not_printed(linli: Linli) -> None:
    result = linli("check", TELEGRAM__TOKEN="secret" + TOKEN)
    assert result.exit_code == 2
    assert "telegram.token" in result.output
    assert "AAHsecret" not in result.output


# --- databases that cannot be used --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [["migrate"], ["outbox"], ["grant", "leader", "5", "b1"], ["demo-data"], ["run"]]
)
def test_a_database_server_that_is_away_is_told_without_its_password(
    linli: Linli, command: list[str]
) -> None:
    result = linli(*command, DATABASE__URL="postgresql://linli:hunter22@127.0.0.1:1/linli", SANDBOX__PORT="0")
    assert result.exit_code == 4
    assert "database.url" in result.output
    assert "hunter22" not in result.output


@pytest.mark.parametrize("command", [["migrate"], ["outbox"], ["grant", "leader", "5", "b1"], ["run"]])
def test_a_file_that_is_no_database_is_told(linli: Linli, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "garbage.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    result = linli(*command, DATABASE__URL="sqlite:///garbage.db", SANDBOX__PORT="0", SANDBOX__STATE="")
    assert result.exit_code == 4
    assert "garbage.db" in result.output


@pytest.mark.parametrize("command", [["migrate"], ["grant", "leader", "5", "b1"], ["run"]])
def test_a_folder_that_is_a_file_is_named(linli: Linli, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").write_text("")
    for url in ("sqlite:///file/linli.db", "sqlite:///file/below/linli.db"):
        result = linli(*command, DATABASE__URL=url, SANDBOX__PORT="0", SANDBOX__STATE="")
        assert result.exit_code == 1
        assert "file" in result.output
        assert "cannot be used" in result.output


def test_a_database_of_a_newer_linli_is_left_alone(linli: Linli, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "newer.db")
    with connection:
        connection.execute("CREATE TABLE alembic_version (version_num text)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    connection.close()
    for command in (["migrate"], ["outbox"], ["check"], ["run"]):
        result = linli(*command, DATABASE__URL="sqlite:///newer.db", SANDBOX__PORT="0", SANDBOX__STATE="")
        assert result.exit_code == 1
        assert "9999" in result.output


def test_outbox_before_the_first_start_says_what_to_do(linli: Linli) -> None:
    result = linli("outbox")
    assert result.exit_code == 1
    assert "there is no database yet" in result.output


# --- imports, exports, templates ------------------------------------------------------------------------------------------


def test_a_dry_run_brings_nothing_in_and_a_second_import_changes_nothing(
    linli: Linli, units_file: str
) -> None:
    assert "2 rows are in order: 2 new" in linli("import", "units", units_file, "--dry-run").output
    assert "2 units added, 0 changed" in linli("import", "units", units_file).output
    assert "0 units added, 0 changed" in linli("import", "units", units_file).output


def test_an_import_with_mistakes_names_each_line_and_imports_nothing(linli: Linli, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(
        "code,kind,name,parent\n"
        "good,street,好,\n"
        ",building,x,good\n"
        "b1,castle,y,good\n"
        "b2,building,,nowhere\n"
        "b2,building,z,b2\n"
        f"b3,building,{'x' * 65},good\n"
        "b4,building,a\x01b,good\n"
    )
    result = linli("import", "units", "bad.csv")
    assert result.exit_code == 1
    for said in (
        "row 3, code: is empty",
        "row 4, kind: castle is none of",
        "row 5, name: is empty",
        "row 6, code: stands in row 5 already",
        "row 7, name: is too long",
        "row 8, name: holds control characters",
        "nothing was imported",
    ):
        assert said in result.output
    assert "'good'" in linli("grant", "leader", "5", "good").output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "None of the first ten rows names columns"),
        (b"code;kind;name\nb1;street;x;\n", "These columns are missing: parent"),
        (b'code,kind,name,parent\n"b1,street', "The quotation marks in line 2 do not match"),
        (b"\x81\xff\xfe\x80", "neither UTF-8 nor GB18030"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "old kind of workbook"),
    ],
)
def test_a_file_that_is_no_sheet_of_units_is_explained(
    linli: Linli, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "units.csv").write_bytes(content)
    result = linli("import", "units", "units.csv")
    assert result.exit_code == 1
    assert said in result.output


def test_a_file_that_cannot_be_read_is_named(linli: Linli, tmp_path: Path) -> None:
    assert "none.csv cannot be read" in linli("import", "units", "none.csv").output
    assert "cannot be read" in linli("import", "units", str(tmp_path)).output


def test_a_chinese_spreadsheet_is_taken_as_it_comes(linli: Linli, tmp_path: Path) -> None:
    table = "代码,类型,名称,上级\nstreet,街道,安民街道,\nb1,楼栋,1号楼,street\n"
    for encoding in ("gb18030", "utf-8-sig"):
        (tmp_path / "units.csv").write_bytes(table.encode(encoding))
        assert linli("import", "units", "units.csv").exit_code == 0
    assert "b1" in linli("grant", "leader", "5", "b1").output


def test_a_sheet_over_the_limit_is_refused_by_its_size_alone(linli: Linli, tmp_path: Path) -> None:
    with (tmp_path / "huge.xlsx").open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    result = linli("import", "people", "huge.xlsx")
    assert (result.exit_code, "too big: at most 20 MB" in result.output) == (1, True)


def test_people_go_out_into_a_private_file_and_come_in_again_unchanged(
    linli: Linli, units_file: str, tmp_path: Path
) -> None:
    linli("import", "units", units_file)
    (tmp_path / "people.csv").write_text(
        "编号,姓名,楼栋代码,房号,职务,未知\nA1,孙奶奶,b1,101,,\nA2,钱大爷,1号楼,,党员,\n"
    )
    result = linli("import", "people", "people.csv")
    assert "2 people added" in result.output
    assert "not known were not read: 未知" in result.output
    for name in ("out.xlsx", "out.csv"):
        assert "2 rows of people" in linli("export", "people", name).output
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        assert "0 people added, 0 changed, of 2 rows" in linli("import", "people", name).output
    assert "2 rows of units" in linli("export", "units", "units.xlsx").output
    assert "0 units added, 0 changed" in linli("import", "units", "units.xlsx").output
    assert "name that ends in .xlsx or .csv" in linli("export", "units", "units.pdf").output


@pytest.mark.parametrize("kind", ["units", "people"])
@pytest.mark.parametrize("name", ["empty.xlsx", "empty.csv"])
def test_an_empty_sheet_has_all_columns_and_nothing_to_import(linli: Linli, kind: str, name: str) -> None:
    for language in ((), ("--english",)):
        assert linli("template", kind, name, *language).exit_code == 0
        assert "nothing in the sheet below its headings" in linli("import", kind, name).output
    assert linli("template", "castles", name).exit_code == 2


# --- roles, messages, demo data ------------------------------------------------------------------------------------------


def test_a_role_is_granted_once(linli: Linli, units_file: str) -> None:
    linli("import", "units", units_file)
    assert "5 is now leader of b1" in linli("grant", "leader", "5", "b1", "--name", "陈芳").output
    assert "5 was already leader of b1" in linli("grant", "leader", "5", "b1").output


def test_a_role_is_granted_for_a_term_and_revoked(linli: Linli, units_file: str) -> None:
    linli("import", "units", units_file)
    term = ("--from", "2099-01-05", "--until", "2099-03-01")
    said = linli("grant", "leader", "5", "b1", *term).output
    assert "5 will be leader of b1 from 2099-01-05 until 2099-03-01" in said
    assert "was already" in linli("grant", "leader", "5", "b1").output
    assert "5 is no longer leader of b1" in linli("revoke", "leader", "5", "b1").output
    again = linli("revoke", "leader", "5", "b1")
    assert again.exit_code == 1
    assert "5 is not leader of b1" in again.output
    assert "is now" in linli("grant", "leader", "5", "b1", "--until", "2099-01-05").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("leader", "5", "b1", "--until", "2020-01-01"), "neither gone by"),
        (("leader", "5", "b1", "--from", "2099-02-01", "--until", "2099-01-01"), "neither gone by"),
        (("leader", "5", "b1", "--from", "tomorrow"), "is no day"),
        (("leader", "5", "b1", "--from", "2026-02-30"), "is no day"),
        (("king", "5", "b1"), "'king' is none of"),
        (("leader", "5", "b7"), "there is no open unit with the code 'b7'"),
        (("leader", "0", "b1"), "a positive number"),
        (("leader", str(2**70), "b1"), "a positive number"),
        (("leader", "five", "b1"), "linli grant --help"),
        (("leader", "5", "b1", "--name", "x" * 65), "a name is at most"),
        (("leader", "5", "b1", "--name", "a\x00b"), "a name is at most"),
        (("leader", "5", "\udcff"), "UTF-8"),
    ],
)
def test_a_role_that_cannot_be_granted_is_explained(
    linli: Linli, units_file: str, arguments: tuple[str, ...], said: str
) -> None:
    linli("import", "units", units_file)
    result = linli("grant", *arguments)
    assert result.exit_code in (1, 2)
    assert said in result.output


def test_what_is_not_stuck_is_not_decided(linli: Linli) -> None:
    linli("migrate")
    result = linli("outbox", "--resend", "1", "--drop", "2", "--retry", "3")
    assert result.exit_code == 0
    assert result.output.count("0 of 1") == 3
    assert "nothing is stuck" in result.output
    assert linli("outbox", "--resend", str(2**70)).exit_code == 2
    assert linli("outbox", "--drop", "-1").exit_code == 2


def test_demo_data_go_into_an_empty_database_only(linli: Linli) -> None:
    assert "filled" in linli("demo-data").output
    again = linli("demo-data")
    assert again.exit_code == 1
    assert "there are units already" in again.output
    check = linli("check")
    assert check.exit_code == 0
    assert "nothing stuck" in check.output


def test_migrate_twice_says_where_it_is(linli: Linli) -> None:
    assert "brought from nothing" in linli("migrate").output
    assert linli("migrate").output.startswith("at revision")


# --- posters ------------------------------------------------------------------------------------------------------------


def test_posters_are_printed_for_the_bot_that_is_named(linli: Linli, units_file: str, tmp_path: Path) -> None:
    assert linli("import", "units", units_file).exit_code == 0
    printed = linli("poster", "street", "posters.pdf", "--bot", "@linli_bot")
    assert printed.output == "posters.pdf: 1 page\n"
    assert (tmp_path / "posters.pdf").read_bytes().startswith(b"%PDF-")


def test_what_cannot_be_printed_is_explained(linli: Linli, units_file: str, tmp_path: Path) -> None:
    assert linli("import", "units", units_file).exit_code == 0
    unknown = linli("poster", "nowhere", "posters.pdf", "--bot", "linli_bot")
    assert (unknown.exit_code, "no open unit with the code 'nowhere'" in unknown.output) == (1, True)
    nameless = linli("poster", "b1", "posters.pdf")
    assert (nameless.exit_code, "--bot" in nameless.output) == (1, True)
    (tmp_path / "folder.pdf").mkdir()
    unwritable = linli("poster", "b1", "folder.pdf", "--bot", "linli_bot")
    assert (unwritable.exit_code, "folder.pdf cannot be used" in unwritable.output) == (1, True)
    assert not (tmp_path / "posters.pdf").exists()


# --- whom to forget again, and whose files these are ----------------------------------------------------------------------


def test_erasures_are_told_by_number_and_done_again(linli: Linli, units_file: str) -> None:
    linli("import", "units", units_file)
    linli("grant", "member", "77", "b1", "--name", "欧阳标记")
    assert "nobody was forgotten" in linli("erasures").stdout
    assert "1 of 2" in linli("erasures", "--again", "1", "--again", "99").stdout
    told = linli("erasures").stdout
    assert told.startswith("1\t20")
    assert "欧阳标记" not in told


def test_what_the_program_makes_is_for_its_own_user_only(tmp_path: Path) -> None:
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv = ['linli', 'migrate']; from bot.cli import main; main()",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(bot.__file__).parents[1])},
        umask=0o022,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    made = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert {path.name for path in made} >= {"linli.db", "linli.db.lock", "data"}
    assert {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in made} == {
        path.name: 0 for path in made
    }


# --- backups --------------------------------------------------------------------------------------------------------------


def test_whatever_goes_wrong_with_a_backup_ends_in_a_sentence(linli: Linli, tmp_path: Path) -> None:
    assert "there is no database yet" in linli("backup").output
    assert "none.tar cannot be used" in linli("restore", "none.tar").output
    assert linli("migrate").exit_code == 0
    (tmp_path / "file").write_text("no folder, and no backup")
    for command, said in (
        (["backup", "--to", "file"], "file cannot be used"),
        (["restore", "file"], "no backup of Linli's"),
        (["restore", str(tmp_path)], "cannot be used"),
    ):
        result = linli(*command)
        assert (result.exit_code, said in result.output) == (1, True), result.output
    assert "say where to" in linli("backup", BACKUP__DIRECTORY="").output


@pytest.mark.parametrize(
    ("value", "said"),
    [("age1qqqq", "not the shape"), ("AGE-SECRET-KEY-1QQ", "private key"), ("ssh-rsa x", "not the shape")],
)
def test_a_key_that_is_no_public_one_stops_the_start(linli: Linli, value: str, said: str) -> None:
    result = linli("backup", BACKUP__PUBLIC_KEY=value)
    assert result.exit_code == 2
    assert "backup.public_key" in result.output
    assert said in result.output
    assert value not in result.output


# --- jobs ---------------------------------------------------------------------------------------------------------------


def test_the_jobs_are_told_and_one_is_run_without_a_bot(linli: Linli) -> None:
    assert linli("jobs").exit_code == 1, "there is no database yet"
    assert linli("migrate").exit_code == 0
    assert "start the bot once" in linli("jobs").output
    result = linli("jobs", "run", "retention")
    assert result.exit_code == 1
    assert "start the bot once" in result.output


# --- the ledger ---------------------------------------------------------------------------------------------------------


def test_the_ledger_is_proved_and_posting_is_let_go_on_without_a_bot(linli: Linli) -> None:
    assert linli("points", "check").exit_code == 1, "there is no database yet"
    assert linli("migrate").exit_code == 0
    assert linli("points", "check").output == "the ledger adds up\n"
    assert linli("points", "go-on").output == "posting was not stopped\n"
