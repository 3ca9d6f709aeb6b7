"""Reading the settings: from `config.toml` and the environment to `Settings`, or to errors an operator can act on.

Knows the file, the names of the environment's variables (`LINLI_<SECTION>__<KEY>`, which win over the file) and the
words of a mistake. What can be set is in `bot/settings_model.py`; its names are offered here as well.
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Secret, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from bot.redact import Redactor
from bot.setting_values import DatabaseUrl, SecretUrl, host_and_port
from bot.settings_model import (
    ENVIRONMENT_DELIMITER,
    ENVIRONMENT_PREFIX,
    CategorySettings,
    CommunitySettings,
    DatabaseSettings,
    DeliverySettings,
    HttpSettings,
    ImportsSettings,
    LimitsSettings,
    LogSettings,
    NoticesSettings,
    OfficeSettings,
    PointsSettings,
    RulesSettings,
    SandboxSettings,
    Settings,
    TelegramSettings,
)

__all__ = [
    "CategorySettings",
    "CommunitySettings",
    "DatabaseSettings",
    "DatabaseUrl",
    "DeliverySettings",
    "HttpSettings",
    "ImportsSettings",
    "LimitsSettings",
    "LogSettings",
    "NoticesSettings",
    "OfficeSettings",
    "PointsSettings",
    "RulesSettings",
    "SandboxSettings",
    "SecretUrl",
    "Setting",
    "Settings",
    "SettingsError",
    "TelegramSettings",
    "describe",
    "host_and_port",
    "load",
    "sources",
]

DEFAULT_CONFIG = Path("config.toml")
_LONGEST_SHOWN = 60

Place = tuple[int | str, ...]


class SettingsError(Exception):
    """The settings cannot be used. Its text is for the operator: one line for each of `problems`."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set: its dotted name, its environment variable, its default, and what it takes."""

    name: str
    environment: str
    default: object
    takes: str
    secret: bool


def load(config: Path | None, *, environment: Mapping[str, str]) -> Settings:
    """Read `config` (None: ./config.toml, which may be absent) and `environment` (usually `os.environ`).

    Raises SettingsError naming every mistake at once.
    """
    file = _file_to_read(config)
    written = _read_toml(file) if file else {}
    variables = _Variables(environment)
    problems = [*_unknown_variables(environment)]
    try:
        settings = Settings(**_merge(written, variables()))
    except ValidationError as error:
        origins = _Origins(file=file, written=variables())
        problems += [_explain(details, origins) for details in error.errors(include_url=False)]
        raise SettingsError(problems) from None  # the cause would print the values, secrets among them
    if problems:
        raise SettingsError(problems)
    return settings


def sources(config: Path | None, *, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Where `load` would take settings from: the file, if there is one, then the variables, by name."""
    file = _file_to_read(config)
    variables = sorted(name for name in environment if _is_setting_variable(name))
    return (*([str(file)] if file else []), *variables)


def describe() -> Iterator[Setting]:
    """Every setting in the order of the sections; a list of tables (`categories`) is one setting."""
    return _describe(Settings, ())


def _describe(model: type[BaseModel], place: Place) -> Iterator[Setting]:
    for key, field in model.model_fields.items():
        here = (*place, key)
        section = _section_of(field)
        if section is not None:
            yield from _describe(section, here)
        else:
            yield Setting(
                name=_dotted(here),
                environment=_nearest_variable(here),
                default=field.default,
                takes=field.description or "",
                secret=_is_secret(field),
            )


class _Variables(EnvSettingsSource):
    """pydantic-settings' own reading of the environment, from a mapping instead of the process's."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._environment.items()}


@dataclass(frozen=True, slots=True)
class _Origins:
    """Which of the two places a value came from."""

    file: Path | None
    written: Mapping[str, Any]

    def is_variable(self, place: Place) -> bool:
        node: object = self.written
        for step in place:
            if not isinstance(node, Mapping):
                return True  # a whole list in one variable
            if step not in node:
                return False
            node = node[step]
        return True


def _file_to_read(config: Path | None) -> Path | None:
    if config is not None:
        return config
    return DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        text = file.read_bytes().decode()
    except OSError as error:
        raise SettingsError(
            [f"{file} cannot be read: {error.strerror}. Mend its path or its rights."]
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError([f"{file} is not UTF-8 at byte {error.start}. Save it as UTF-8."]) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        lines = text.splitlines() or [""]
        end = f"at line {len(lines)}, column {len(lines[-1]) + 1}"
        reason = str(error).replace("at end of document", end)
        raise SettingsError([f"{file} is not TOML: {reason}. Mend that line."]) from None


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        beneath = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(beneath, Mapping)
        merged[key] = _merge(beneath, value) if both and beneath is not None else value
    return merged


def _is_setting_variable(name: str) -> bool:
    top = name.upper().removeprefix(ENVIRONMENT_PREFIX).partition(ENVIRONMENT_DELIMITER)[0].lower()
    return name.upper().startswith(ENVIRONMENT_PREFIX) and top in Settings.model_fields


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Variables that look meant for us and name no section.

    One without the double underscore is told only when it nearly names a setting: a container platform adds
    variables such as LINLI_PORT by itself for a service of that name.
    """
    known = {setting.environment.replace("_", ""): setting.environment for setting in describe()}
    for name in sorted(environment):
        if not name.upper().startswith(ENVIRONMENT_PREFIX) or _is_setting_variable(name):
            continue
        meant = known.get(name.upper().replace("_", ""))
        if meant is None and ENVIRONMENT_DELIMITER in name:
            close = difflib.get_close_matches(name.upper(), known.values(), n=1)
            meant = close[0] if close else None
        elif meant is None:
            continue
        yield f"{name}: no such setting{_did_you_mean(meant)} Rename or unset the variable."


def _explain(details: ErrorDetails, origins: _Origins) -> str:
    place = tuple(step for step in details["loc"] if step != "[key]")  # a table's key, told like its value
    context = details.get("ctx", {})
    if details["type"] == "together":
        place = (*place, *context["key"].split("."))
    if details["type"] == "extra_forbidden":
        return _explain_unknown(place, origins)
    field = _field_at(place)
    variable = _variable(place)
    own_name = _dotted(place) if variable is None else f"{_dotted(place)} ({variable})"
    takes = f" Takes: {field.description}." if field and field.description else ""
    if details["type"] == "missing":
        return f"{own_name}: missing{_origin(place, origins)}.{takes} Add it there."
    if details["type"] == "together":
        return f"{own_name}: {context['reason']}.{takes} {_mend(place, origins)}"
    got = _shape(details["input"], is_secret=field is None or _is_secret(field))
    reason = f" ({context['error']})" if details["type"] == "value_error" else ""
    return f"{own_name}: got {got}{_origin(place, origins)}{reason}.{takes} {_mend(place, origins)}"


def _explain_unknown(place: Place, origins: _Origins) -> str:
    if origins.is_variable(place):
        variables = [setting.environment for setting in describe()]
        name = _variable(place) or _dotted(place)
        close = difflib.get_close_matches(name, variables, n=1)
        return f"{name}: no such setting{_did_you_mean(*close)} Rename or unset the variable."
    section = _model_at(place[:-1])
    wrong = str(place[-1])
    siblings = difflib.get_close_matches(wrong, list(section.model_fields) if section else [], n=1)
    elsewhere = [setting.name for setting in describe() if setting.name.rpartition(".")[2] == wrong]
    close = [_dotted((*place[:-1], key)) for key in siblings] or elsewhere[:1]
    return f"{_dotted(place)}: no such setting{_origin(place, origins)}{_did_you_mean(*close)} Rename or remove it."


def _did_you_mean(name: str | None = None) -> str:
    return f"; did you mean {name}?" if name else "."


def _origin(place: Place, origins: _Origins) -> str:
    if origins.is_variable(place):
        return " from the environment"
    return f" in {origins.file}" if origins.file else ""


def _mend(place: Place, origins: _Origins) -> str:
    if origins.is_variable(place):
        return f"Mend or unset {_nearest_variable(place)}."
    if origins.file is None:
        return f"Set {_nearest_variable(place)}."
    return f"Mend it there, or set {_nearest_variable(place)}."


def _shape(value: object, *, is_secret: bool) -> str:
    """What was found, never showing what may be secret."""
    if isinstance(value, str):
        if is_secret or len(value) > _LONGEST_SHOWN:
            return f"a text of {len(value)} characters"
        return f'"{Redactor()(value)}"' if value else "an empty text"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    return "a number" if is_secret else str(value)


def _variable(place: Place) -> str | None:
    """The environment variable of a setting; None inside a list, which only a whole list can replace."""
    if any(isinstance(step, int) for step in place):
        return None
    return ENVIRONMENT_PREFIX + ENVIRONMENT_DELIMITER.join(str(step).upper() for step in place)


def _nearest_variable(place: Place) -> str:
    whole = next((index for index, step in enumerate(place) if isinstance(step, int)), len(place))
    return str(_variable(place[:whole]))


def _dotted(place: Place) -> str:
    """`("categories", 0, "zh")` as an operator counts: `categories[1].zh`."""
    name = ""
    for step in place:
        name += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if name else step
    return name


def _section_of(field: FieldInfo | None) -> type[BaseModel] | None:
    annotation = field.annotation if field else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _model_at(place: Place) -> type[BaseModel] | None:
    model: type[BaseModel] | None = Settings
    for step in place:
        if isinstance(step, int) or model is None:
            continue
        model = CategorySettings if step == "categories" else _section_of(model.model_fields.get(step))
    return model


def _field_at(place: Place) -> FieldInfo | None:
    """The field of a place, or the nearest above it that is one value (a list's item, a table's amount)."""
    for end in range(len(place), 0, -1):
        model, last = _model_at(place[: end - 1]), place[end - 1]
        if model is not None and isinstance(last, str) and last in model.model_fields:
            return model.model_fields[last]
    return None


def _is_secret(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, SecretStr | Secret)
