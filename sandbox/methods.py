"""The Bot API's methods as a table: which parameters each takes, of which type, and which must be there.

Reads `methods.json` and turns the parameters of one call into Python values. What a method means is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from sandbox.errors import ApiError, bad_request

_TRUE = frozenset({"true", "1", "yes", "y"})
_FALSE = frozenset({"false", "0", "no", "n", ""})
# Telegram words these its own way; programs recognise the words.
_MISSING = {"chat_id": "chat_id is empty", "text": "message text is empty"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a multipart request."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Parameter:
    types: tuple[str, ...]
    required: bool


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    parameters: Mapping[str, Parameter]
    required: tuple[str, ...]

    def read(self, raw: Mapping[str, object], *, uploads: Mapping[str, Upload]) -> dict[str, Any]:
        """Typed values of the parameters given; those not given are absent.

        `raw` holds what a form or a JSON body held; `uploads` the files by field name. Raises ApiError 400 for an
        unknown, missing or ill-typed parameter. Real Telegram ignores unknown ones: here they are refused, because
        they are misspellings.
        """
        values: dict[str, Any] = {}
        for name, given in raw.items():
            parameter = self.parameters.get(name)
            if parameter is None:
                raise bad_request(f'unknown parameter "{name}" of {self.name} (this sandbox refuses it)')
            if given is not None:
                values[name] = _value(name, parameter.types, given)
        for name, upload in uploads.items():
            if name in self.parameters and "InputFile" in self.parameters[name].types:
                values[name] = upload
            elif not _is_attached(name, raw):
                raise bad_request(f'unknown file field "{name}" of {self.name} (this sandbox refuses it)')
        for name in self.required:
            if name not in values:
                raise bad_request(_MISSING.get(name, f'parameter "{name}" of {self.name} is required'))
        return values


def load_methods() -> dict[str, Method]:
    """All methods of the Bot API by lower-cased name, as Telegram takes names in any case."""
    table: dict[str, dict[str, str]] = json.loads(
        resources.files("sandbox").joinpath("methods.json").read_text(encoding="utf-8")
    )
    methods = {}
    for name, fields in table.items():
        parameters = {
            field: Parameter(types=tuple(kind.rstrip("!").split("|")), required=kind.endswith("!"))
            for field, kind in fields.items()
        }
        required = tuple(field for field, parameter in parameters.items() if parameter.required)
        methods[name.lower()] = Method(name=name, parameters=parameters, required=required)
    return methods


def check_encodable(value: object) -> None:
    """Refuse strings that hold half a surrogate pair. Raises UnicodeEncodeError, a ValueError."""
    json.dumps(value, ensure_ascii=False).encode()


def _is_attached(name: str, raw: Mapping[str, object]) -> bool:
    reference = f"attach://{name}"
    return any(
        reference in (given if isinstance(given, str) else json.dumps(given, ensure_ascii=False))
        for given in raw.values()
    )


def _value(name: str, types: tuple[str, ...], given: object) -> Any:
    first = types[0]
    if first == "Integer":
        return _integer(name, given, or_text="String" in types)
    if first == "String":
        return _text(name, given)
    if first == "Boolean":
        return _boolean(name, given)
    if first == "Float":
        return _float(name, given)
    if first == "InputFile" and isinstance(given, str):
        return given
    return _json(name, given, expected=list if first.startswith("Array of ") else dict)


def _integer(name: str, given: object, *, or_text: bool) -> int | str:
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    if isinstance(given, str):
        try:
            return int(given)
        except ValueError:
            if or_text and given:
                return given
    raise _wrong(name, "an integer")


def _text(name: str, given: object) -> str:
    if isinstance(given, int | float) and not isinstance(given, bool):
        return str(given)
    if not isinstance(given, str):
        raise _wrong(name, "a string")
    if not given.isascii():
        try:
            given.encode()
        except UnicodeEncodeError:
            raise bad_request("strings must be encoded in UTF-8") from None
    return given


def _boolean(name: str, given: object) -> bool:
    word = str(given).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _wrong(name, "a boolean")


def _float(name: str, given: object) -> float:
    if isinstance(given, int | float | str) and not isinstance(given, bool):
        try:
            return float(given)
        except ValueError:
            pass
    raise _wrong(name, "a number")


def _json(name: str, given: object, *, expected: type) -> Any:
    if isinstance(given, str):
        try:
            given = json.loads(given)
            check_encodable(given)
        except UnicodeEncodeError:
            raise bad_request("strings must be encoded in UTF-8") from None
        except ValueError:
            raise bad_request(f"can't parse {name}: it is not JSON") from None
    if not isinstance(given, expected):
        raise _wrong(name, "a JSON array" if expected is list else "a JSON object")
    return given


def _wrong(name: str, expected: str) -> ApiError:
    return bad_request(f'parameter "{name}" must be {expected}')
