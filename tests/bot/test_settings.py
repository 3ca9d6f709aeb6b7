"""Settings: what is read from where, and what an operator is told about a mistake."""

import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings, SettingsError, describe, host_and_port, load, sources

ROOT = Path(__file__).parents[2]
TOKEN = "1234567890:AAtestTESTtestTESTtestTESTtestTEST"


def written(folder: Path, text: str) -> Path:
    config = folder / "config.toml"
    config.write_text(text, encoding="utf-8")
    return config


def mistakes(config: Path | None = None, *, environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(config, environment=environment or {})
    assert str(caught.value).splitlines() == list(caught.value.problems)
    return caught.value.problems


def value_at(tree: Any, name: str) -> Any:
    for key in name.split("."):
        tree = tree[key] if isinstance(tree, dict) else getattr(tree, key)
    return tree


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class TestReading:
    def test_without_a_file_and_an_environment_everything_is_its_default(self) -> None:
        assert load(None, environment={}) == Settings()

    def test_the_file_of_the_current_folder_is_read(self, tmp_path: Path) -> None:
        written(tmp_path, "[delivery]\nin_flight = 4\n")
        assert load(None, environment={}).delivery.in_flight == 4

    def test_the_environment_wins_over_the_file_key_by_key(self, tmp_path: Path) -> None:
        config = written(tmp_path, "[telegram]\npoll_seconds = 10\noverall_per_second = 25\n")
        settings = load(config, environment={"LINLI_TELEGRAM__POLL_SECONDS": "20"})
        assert (settings.telegram.poll_seconds, settings.telegram.overall_per_second) == (20, 25)

    def test_settings_made_in_a_program_do_not_depend_on_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LINLI_TELEGRAM__POLL_SECONDS", "20")
        assert Settings().telegram.poll_seconds == 50

    def test_the_environment_carries_lists_tables_and_numbers(self) -> None:
        settings = load(
            None,
            environment={
                "LINLI_COMMUNITY__ADMINS": "7, 8",
                "LINLI_DANGER_WORDS": '["fire", "着火"]',
                "LINLI_RULES__FIRST_ANSWER_HOURS__URGENT": "1",
                "LINLI_RULES__OFFICE__WEEKDAYS": "1,2,6",
                "LINLI_RULES__OFFICE__OPENS": "08:30",
                "LINLI_POINTS__PER_HOUR": '{"lift": 300}',
                "LINLI_POINTS__RATING_FACTOR__5": "150",
                "LINLI_TELEGRAM__LIMITS_ENABLED": "false",
            },
        )
        assert settings.community.admins == (7, 8)
        assert settings.danger_words == ("fire", "着火")
        assert settings.rules.first_answer_hours.urgent == 1
        assert settings.rules.first_answer_hours.timely == 4
        assert settings.rules.office.weekdays == (1, 2, 6)
        assert settings.rules.office.opens == time(8, 30)
        assert settings.points.per_hour["lift"] == 300
        assert settings.points.per_hour["errand"] == Settings().points.per_hour["errand"]
        assert settings.points.rating_factor == {5: 150, 4: 100, 3: 80, 2: 0, 1: 0}
        assert settings.telegram.limits_enabled is False

    def test_a_single_admin_needs_no_brackets(self) -> None:
        assert load(None, environment={"LINLI_COMMUNITY__ADMINS": "7"}).community.admins == (7,)

    def test_a_time_of_day_is_written_as_people_or_as_toml_write_it(self, tmp_path: Path) -> None:
        office = load(
            written(tmp_path, "[rules.office]\nopens = 08:15:00\ncloses = '16:45'\n"), environment={}
        ).rules.office
        assert (office.opens, office.closes) == (time(8, 15), time(16, 45))

    def test_the_sources_are_the_file_and_the_names_of_the_variables(self, tmp_path: Path) -> None:
        environment = {"LINLI_LOG__LEVEL": "info", "PATH": "/bin", "LINLI_PORT": "tcp://10.0.0.1:80"}
        assert sources(written(tmp_path, ""), environment=environment) == (
            str(tmp_path / "config.toml"),
            "LINLI_LOG__LEVEL",
        )

    def test_settings_do_not_change(self) -> None:
        section: Any = Settings().log
        with pytest.raises(ValueError, match="frozen"):
            section.level = "debug"


class TestMistakes:
    def test_a_wrong_value_names_the_setting_its_variable_its_place_and_what_it_takes(
        self, tmp_path: Path
    ) -> None:
        (line,) = mistakes(written(tmp_path, '[telegram]\npoll_seconds = "soon"\n'))
        assert line.startswith('telegram.poll_seconds (LINLI_TELEGRAM__POLL_SECONDS): got "soon" in ')
        assert "config.toml" in line
        assert "a whole number from 1 to 50" in line

    def test_a_wrong_variable_is_told_to_be_mended_in_the_environment(self) -> None:
        (line,) = mistakes(environment={"LINLI_LOG__LEVEL": "loud"})
        assert "from the environment" in line
        assert line.endswith("Mend or unset LINLI_LOG__LEVEL.")

    def test_every_mistake_has_a_line_of_its_own(self, tmp_path: Path) -> None:
        config = written(tmp_path, "[delivery]\nin_flight = 17\n[community]\nlanguage = 'fr'\n")
        assert [line.partition(" ")[0] for line in mistakes(config)] == [
            "community.language",
            "delivery.in_flight",
        ]

    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("[telegram]\ntokn = 'x'\n", "telegram.token"),
            ("[database]\npoll_seconds = 3\n", "telegram.poll_seconds"),
            ("[rules.first_answer_hours]\nurgnt = 3\n", "rules.first_answer_hours.urgent"),
            ("[telegramm]\n", "telegram"),
        ],
    )
    def test_an_unknown_name_is_answered_with_the_one_meant(
        self, tmp_path: Path, text: str, meant: str
    ) -> None:
        (line,) = mistakes(written(tmp_path, text))
        assert f"no such setting in {tmp_path / 'config.toml'}; did you mean {meant}?" in line

    @pytest.mark.parametrize(
        "name",
        ["LINLI_TELEGRAM_TOKEN", "LINLI_TELEGRAM__TOKN", "LINLI_TELGRAM__TOKEN", "linli_telegram__tokens"],
    )
    def test_a_misspelt_variable_is_not_overlooked(self, name: str) -> None:
        (line,) = mistakes(environment={name: TOKEN})
        assert "did you mean LINLI_TELEGRAM__TOKEN?" in line
        assert TOKEN not in line

    def test_variables_a_container_platform_adds_are_not_ours(self) -> None:
        platform = {"LINLI_PORT": "tcp://10.0.0.1:80", "LINLI_SERVICE_HOST": "10.0.0.1"}
        assert load(None, environment=platform) == Settings()

    def test_a_place_in_a_list_is_counted_from_one(self, tmp_path: Path) -> None:
        (line,) = mistakes(written(tmp_path, "[community]\nadmins = [5, -4]\n"))
        assert line.startswith("community.admins[2]: got -4")

    def test_a_category_without_a_name_says_what_is_missing(self, tmp_path: Path) -> None:
        (line,) = mistakes(written(tmp_path, "[[categories]]\ncode = 'other'\nzh = '其他'\n"))
        assert line.startswith("categories[1].en: missing")

    def test_a_code_stands_once_and_other_always(self, tmp_path: Path) -> None:
        category = "[[categories]]\ncode = 'lift'\nzh = '电梯'\nen = 'Lift'\n"
        (line,) = mistakes(written(tmp_path, category))
        assert '"other" is missing' in line
        (line,) = mistakes(written(tmp_path, category * 2))
        assert "lift stands twice" in line

    def test_a_skill_stands_once_and_there_is_one_at_least(self, tmp_path: Path) -> None:
        skill = "{code = 'bees', zh = '养蜂', en = 'Bees'}"
        (line,) = mistakes(written(tmp_path, f"[community]\nskills = [{skill}, {skill}]\n"))
        assert "bees stands twice" in line
        (line,) = mistakes(written(tmp_path, "[community]\nskills = []\n"))
        assert line.startswith("community.skills")

    def test_tags_and_kinds_stand_once_and_a_kind_for_the_rest_always(self, tmp_path: Path) -> None:
        one = "{code = 'bees', zh = '养蜂', en = 'Bees'}"
        (line,) = mistakes(written(tmp_path, f"[people]\ntags = [{one}, {one}]\n"))
        assert "bees stands twice" in line
        (line,) = mistakes(written(tmp_path, f"[notices]\nkinds = [{one}]\n"))
        assert line.startswith("notices.kinds")
        assert '"other" is missing' in line
        assert load(written(tmp_path, "[people]\ntags = []\n"), environment={}).people.tags == ()

    @pytest.mark.parametrize("opens", ["9", "'9'", "'25:00'", "'09:00Z'", "true"])
    def test_what_is_no_local_time_of_day_is_refused(self, tmp_path: Path, opens: str) -> None:
        (line,) = mistakes(written(tmp_path, f"[rules.office]\nopens = {opens}\n"))
        assert line.startswith("rules.office.opens (LINLI_RULES__OFFICE__OPENS): got ")
        assert 'such as "09:00"' in line

    @pytest.mark.parametrize(
        ("text", "begins"),
        [
            ("opens = '17:00'", "rules.office.closes (LINLI_RULES__OFFICE__CLOSES): not later than opens"),
            ("weekdays = []", "rules.office.weekdays (LINLI_RULES__OFFICE__WEEKDAYS): got a list of 0"),
            ("weekdays = [8]", "rules.office.weekdays[1]: got 8"),
        ],
    )
    def test_an_office_that_is_never_open_is_refused(self, tmp_path: Path, text: str, begins: str) -> None:
        (line,) = mistakes(written(tmp_path, f"[rules.office]\n{text}\n"))
        assert line.startswith(begins)

    def test_a_category_of_a_kind_that_has_no_weight_is_refused(self, tmp_path: Path) -> None:
        category = "[[categories]]\ncode = 'other'\nzh = '其他'\nen = 'Other'\nkind = 'teaching'\n"
        (line,) = mistakes(written(tmp_path, category))
        assert "other is of the kind teaching, which points.per_hour does not weigh" in line
        weighed = written(tmp_path, f"[points.per_hour]\nteaching = 800\n{category}")
        assert load(weighed, environment={}).categories[0].kind == "teaching"

    def test_a_file_that_is_named_must_be_there(self, tmp_path: Path) -> None:
        (line,) = mistakes(tmp_path / "none.toml")
        assert "none.toml cannot be read" in line

    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ("[log]\nlevel = 5 5\n", "line 2, column 11"),
            ('[log]\nlevel = """', "line 2, column 12"),
            ("x", "line 1"),
        ],
    )
    def test_a_file_that_is_not_toml_is_told_by_file_line_and_column(
        self, tmp_path: Path, text: str, place: str
    ) -> None:
        (line,) = mistakes(written(tmp_path, text))
        assert "config.toml is not TOML" in line
        assert place in line

    def test_a_file_in_another_encoding_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "config.toml").write_bytes("name = '邻里'".encode("gb18030"))
        (line,) = mistakes(None)
        assert "is not UTF-8 at byte 8" in line

    def test_a_whole_section_as_text_is_refused(self) -> None:
        (line,) = mistakes(environment={"LINLI_DELIVERY": "3"})
        assert "a table" in line

    @pytest.mark.parametrize(
        ("environment", "key"),
        [
            ({"LINLI_TELEGRAM__MODE": "webhook"}, "webhook_url"),
            (
                {"LINLI_TELEGRAM__MODE": "webhook", "LINLI_TELEGRAM__WEBHOOK_URL": "https://a.example/t"},
                "webhook_secret",
            ),
            (
                {
                    "LINLI_TELEGRAM__MODE": "webhook",
                    "LINLI_TELEGRAM__WEBHOOK_URL": "http://a.example/t",
                    "LINLI_TELEGRAM__WEBHOOK_SECRET": "s",
                },
                "webhook_url",
            ),
            (
                {"LINLI_TELEGRAM__OVERALL_PER_SECOND": "10", "LINLI_TELEGRAM__BULK_PER_SECOND": "11"},
                "bulk_per_second",
            ),
        ],
    )
    def test_settings_that_do_not_fit_together_name_the_one_to_mend(
        self, environment: dict[str, str], key: str
    ) -> None:
        (line,) = mistakes(environment=environment)
        assert line.startswith(f"telegram.{key} (LINLI_TELEGRAM__{key.upper()}): ")

    @pytest.mark.parametrize(
        ("text", "begins"),
        [
            (
                "at = '23:00'",
                "digests.at (LINLI_DIGESTS__AT): in the quiet hours, which last from 22:00 to 07:30",
            ),
            ("at = '8 o clock'", 'digests.at (LINLI_DIGESTS__AT): got "8 o clock"'),
            ("weekday = 0", "digests.weekday (LINLI_DIGESTS__WEEKDAY): got 0"),
        ],
    )
    def test_digests_that_would_wake_somebody_are_refused(
        self, tmp_path: Path, text: str, begins: str
    ) -> None:
        (line,) = mistakes(written(tmp_path, f"[digests]\n{text}\n"))
        assert line.startswith(begins)

    @pytest.mark.parametrize(
        ("name", "text", "said"),
        [
            ("retentio", "daily 03:30", "no such job (did you mean retention?)"),
            ("weather", "daily 03:30", "no such job (there are settlement, "),
            ("retention", "daily 24:30", 'got "daily 24:30" (no cadence that is known)'),
            ("settlement", "every 0 minutes", "at least 1 minute"),
            ("settlement", "daily 03:30", 'write it as "every 5 minutes"'),
            ("retention", "every 5 minutes", 'write it as "daily 03:30"'),
            ("greetings", "weekly 1 08:30", 'write it as "daily 08:30"'),
        ],
    )
    def test_a_job_or_a_time_that_cannot_be_is_named_with_the_mend(
        self, tmp_path: Path, name: str, text: str, said: str
    ) -> None:
        for found in (
            mistakes(written(tmp_path, f'[clock]\n{name} = "{text}"\n')),
            mistakes(environment={f"LINLI_CLOCK__{name.upper()}": text}),
        ):
            (line,) = found
            assert line.startswith(f"clock.{name} (LINLI_CLOCK__{name.upper()}): ")
            assert said in line

    def test_a_cadence_of_ones_own_is_taken_from_either_place(self, tmp_path: Path) -> None:
        config = written(tmp_path, '[clock]\nretention = "weekly 7 04:00"\n')
        environment = {"LINLI_CLOCK__SEAL": "every 2 minutes"}
        assert load(config, environment=environment).clock == {
            "retention": "weekly 7 04:00",
            "seal": "every 2 minutes",
        }

    @pytest.mark.parametrize(
        "url",
        ["mysql://h/d", "sqlite://", "sqlite:///:memory:", "postgresql://u:pa/ss@h/d", "postgresql://h"],
    )
    def test_a_database_we_do_not_speak_to_is_refused(self, url: str) -> None:
        (line,) = mistakes(environment={"LINLI_DATABASE__URL": url})
        assert line.startswith("database.url (LINLI_DATABASE__URL): got a text of")

    @pytest.mark.parametrize("listen", ["8091", "localhost:", "localhost:99999", ":80", "localhost:８０"])
    def test_an_address_is_a_host_and_a_port(self, listen: str) -> None:
        (line,) = mistakes(environment={"LINLI_HTTP__LISTEN": listen})
        assert "http.listen" in line
        assert host_and_port("[::1]:80") == ("::1", 80)


class TestSecrets:
    @pytest.mark.parametrize(
        ("name", "value", "secret"),
        [
            ("LINLI_TELEGRAM__TOKEN", "12345 hunter2hunter2", "hunter2"),
            ("LINLI_TELEGRAM__TOKN", TOKEN, TOKEN[12:]),
            ("LINLI_TELEGRAM__WEBHOOK_SECRET", "hunter2 hunter2", "hunter2"),
            ("LINLI_TELEGRAM__PROXY", "ftp://me:hunter2@proxy", "hunter2"),
            ("LINLI_TELEGRAM__PROXY", "http://me:hunter2\u2100@proxy", "hunter2"),
            ("LINLI_DATABASE__URL", "mysql://me:hunter2@db/linli", "hunter2"),
            ("LINLI_TELEGRAM__BASE_URL", f"ftp://api.telegram.org/bot{TOKEN}", TOKEN[12:]),
            ("LINLI_TELEGRAM__BASE_URL", "https://me:hunter2@api.example", "hunter2"),
        ],
    )
    def test_a_mistake_never_shows_what_may_be_secret(self, name: str, value: str, secret: str) -> None:
        with pytest.raises(SettingsError) as caught:
            load(None, environment={name: value})
        assert secret not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__

    def test_settings_printed_in_any_way_hide_the_secrets(self) -> None:
        settings = load(
            None,
            environment={
                "LINLI_TELEGRAM__TOKEN": TOKEN,
                "LINLI_TELEGRAM__WEBHOOK_SECRET": "correcthorse",
                "LINLI_TELEGRAM__PROXY": "http://me:p%40ss@proxy:3128",
                "LINLI_DATABASE__URL": "postgresql://linli:pw@db/linli",
            },
        )
        for shown in (str(settings), repr(settings), str(settings.redacted()), f"{settings.database.url}"):
            assert not [secret for secret in (TOKEN, "correcthorse", "p%40ss", ":pw@") if secret in shown]
        assert settings.redacted()["database"]["url"] == "postgresql://linli:***@db/linli"
        assert settings.database.url.get_secret_value() == "postgresql://linli:pw@db/linli"
        assert set(settings.secrets()) == {TOKEN, "correcthorse", "p%40ss", "p@ss", "pw"}

    def test_the_sqlite_file_is_known_and_a_server_has_none(self) -> None:
        assert Settings().database.url.sqlite_path == Path("data/linli.db")
        absolute = load(None, environment={"LINLI_DATABASE__URL": "sqlite:////srv/linli.db"})
        assert absolute.database.url.sqlite_path == Path("/srv/linli.db")
        server = load(None, environment={"LINLI_DATABASE__URL": "postgresql://db/linli"})
        assert server.database.url.sqlite_path is None


class TestDocuments:
    def test_the_example_holds_every_setting_with_its_default(self) -> None:
        example = ROOT / "config.example.toml"
        assert load(example, environment={}) == Settings()
        tree = tomllib.loads(example.read_text(encoding="utf-8"))
        for setting in describe():
            assert value_at(tree, setting.name) is not None, setting.name
        assert {str(stars) for stars in Settings().points.rating_factor} == set(
            tree["points"]["rating_factor"]
        )
        assert set(Settings().points.per_hour) == set(tree["points"]["per_hour"])
        keys = set(type(Settings().categories[0]).model_fields)
        assert all(set(category) == keys for category in tree["categories"])

    def test_every_setting_says_what_it_takes(self) -> None:
        assert not [setting.name for setting in describe() if not setting.takes]

    def test_the_page_of_settings_says_the_same_as_the_program(self) -> None:
        page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
        for setting in describe():
            row = next((line for line in page.splitlines() if line.startswith(f"| `{setting.name}` |")), None)
            assert row is not None, f"docs/settings.md does not name {setting.name}"
            assert f"`{setting.environment}`" in row
            assert setting.takes in row
            if isinstance(setting.default, str | int):
                shown = str(setting.default).lower() if isinstance(setting.default, bool) else setting.default
                assert f"| `{shown}` |" in row or (shown == "" and "| empty |" in row), row
