"""Telephone numbers as people write them, and as they are dialled from here. Pure: text in, number out, or None."""

from __future__ import annotations

import re
import unicodedata

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0(?:10|2\d|[3-9]\d{2})[2-9]\d{6,7}|[2-9]\d{6,7}")
_ABROAD = re.compile(r"\+[1-9]\d{6,14}")
_CHINA = re.compile(r"(?:\+|00)86")
_BETWEEN_DIGITS = re.compile(r"[\s\-‐‑–—().·/]")


def dialled(text: str) -> str | None:
    """A telephone number to dial from here: digits for one in China, "+" and digits for one abroad.

    Takes mobile numbers, landlines with or without area code, and full-width digits; None for everything else.

    >>> [dialled(t) for t in ("１３８ 0013 8000", "+86 138-0013-8000", "(010) 6552 9988", "+44 20 7946 0000", "12")]
    ['13800138000', '13800138000', '01065529988', '+442079460000', None]
    """
    number = _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text))
    if not number.isascii():
        return None
    for inland in _inland(number):
        if _MOBILE.fullmatch(inland) or _LANDLINE.fullmatch(inland):
            return inland
    abroad = "+" + number[2:] if number.startswith("00") else number
    return abroad if _ABROAD.fullmatch(abroad) and not abroad.startswith("+86") else None


def _inland(number: str) -> tuple[str, ...]:
    """The ways in which the number may be dialled inside China; an area code loses its 0 after the country's."""
    if country := _CHINA.match(number):
        rest = number[country.end() :]
        return (rest, "0" + rest)
    return (number, number.removeprefix("86")) if len(number) == 13 else (number,)
