"""Taking secrets out of text: the one place that knows which shapes a secret can have.

Logs, settings errors and `linli check` pass what they print through a `Redactor`. Which values are secret is the
settings' knowledge and comes in as an argument; the shapes (a bot token in a link, a password in a URL) are known
here, so that a secret nobody listed is still covered.
"""

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "***"

# A shorter text would blot out innocent words everywhere ("pw" in "pwd"); in a URL the shapes below still cover it.
_SHORTEST_LITERAL = 6

_TOKEN = re.compile(r"(?<![0-9])([0-9]{5,20})(?::|%3A|%253A)[A-Za-z0-9_-]{30,}", re.IGNORECASE)
_BOT_PATH = re.compile(r"(bot[0-9]+)(?::|%3A|%253A)[A-Za-z0-9_-]+", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^\s/:@\"]*):[^\s/\"]+@")


class Redactor:
    """Replaces secrets in text by `***`. Calling it with any text returns the text without them.

    Each of `secrets` is found as it stands, percent-encoded in either case, and as JSON or `repr` would escape it;
    of a bot token ("123:abc") also the part after the colon alone. Empty texts are ignored.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= _SHORTEST_LITERAL}
        longest_first = sorted(forms, key=len, reverse=True)
        self._literals = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        if self._literals is not None:
            text = self._literals.sub(MASK, text)
        text = _BOT_PATH.sub(rf"\1:{MASK}", text)
        text = _TOKEN.sub(rf"\1:{MASK}", text)
        return _URL_PASSWORD.sub(rf"\1:{MASK}@", text)


def _forms(secret: str) -> Iterator[str]:
    halves = [secret]
    account, colon, key = secret.partition(":")
    if colon and account.isdigit():
        halves.append(key)
    for text in halves:
        yield text
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield repr(text)[1:-1]
        yield repr(text.encode())[2:-1]
        for encoded in (quote(text, safe=""), quote(text), quote_plus(text)):
            yield encoded
            yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)
