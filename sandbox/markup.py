"""Text with marks: HTML into entities the way Telegram reads it, and the entities it finds by itself in plain text.

Offsets and lengths are in UTF-16 code units. Offsets named in errors are byte offsets in the UTF-8 text that came, as
in Telegram's own messages. MarkdownV2 and Markdown are not supported here.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.errors import ApiError, bad_request

_KINDS = {
    "i": "italic",
    "em": "italic",
    "b": "bold",
    "strong": "bold",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "u": "underline",
    "ins": "underline",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "pre": "pre",
    "code": "code",
    "blockquote": "blockquote",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_CHARACTER = re.compile(r"&(?:#(?:x([0-9a-fA-F]+)|(\d+))|(lt|gt|amp|quot)\b);?")
_START = re.compile(r"<([^\s>]*)")
_ATTRIBUTE = re.compile(r"\s*([^\s=>/\"']+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9.\-]+)(?=[\s>])))?")
_END = re.compile(r"</([^\s>]*)\s*>")

# Telegram's real rules for links and numbers are long; these find what people and programs usually write.
_FOUND = re.compile(
    r"(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/]))"
    r"|(?P<url>https?://[^\s<>\"，。；！？、（）《》]+[^\s<>\"，。；！？、（）《》.,;:!?)\]'])"
    r"|(?P<email>[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})"
    r"|(?P<mention>(?<!\w)@[A-Za-z][A-Za-z0-9_]{3,31})"
    r"|(?P<hashtag>(?<!\w)#[^\W\d]\w*)"
    r"|(?P<phone_number>(?<!\w)\+\d[\d -]{8,15}\d(?!\w))"
)
_LINK = re.compile(r"(?:https?|tg|ton|mailto|tel):\S+|[^\s.]+(?:\.[^\s.]+)+\S*")
_HINT = re.compile(r"[/@#+]")


def utf16(text: str) -> int:
    """Length in UTF-16 code units, as Telegram counts offsets."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def formatted(
    text: str, *, parse_mode: str | None, entities: list[dict[str, Any]] | None
) -> tuple[str, list[dict[str, Any]]]:
    """The text as readers see it and its entities, given ones first, then those found in the plain words.

    Raises ApiError 400 for broken HTML, an unknown parse mode or entities that are no entities.
    """
    # Captions within JSON objects have passed no check of types yet.
    if not isinstance(text, str) or not isinstance(parse_mode or "", str):
        raise bad_request("can't parse entities: text and parse_mode must be strings")
    mode = (parse_mode or "").lower()
    if mode == "html":
        text, marks = parse_html(text)
    elif mode in ("markdown", "markdownv2"):
        raise bad_request(f"parse_mode {parse_mode} is not supported by this sandbox")
    elif mode:
        raise bad_request("unsupported parse_mode")
    else:
        marks = _given(entities or [])
    text, marks = _trimmed(text, marks)
    return text, with_found(text, marks)


def with_found(text: str, marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`marks` and the commands, links, mentions, hashtags and numbers outside them, in order of place."""
    if not _HINT.search(text):
        return marks
    closed = [m for m in marks if m["type"] in ("code", "pre", "text_link", "text_mention")]
    found = []
    for match in _FOUND.finditer(text):
        offset, length = utf16(text[: match.start()]), utf16(match.group())
        if not any(m["offset"] < offset + length and offset < m["offset"] + m["length"] for m in closed):
            found.append({"type": str(match.lastgroup), "offset": offset, "length": length})
    return _ordered([*marks, *found]) if found else marks


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Text without tags, and its entities. Raises ApiError 400 with the byte offset of the fault."""
    text: list[str] = []
    offset = 0
    open_tags: list[tuple[str, dict[str, Any], int, int]] = []  # name, fields, offset, position in `text`
    marks: list[dict[str, Any]] = []
    at = 0
    while at < len(source):
        step = _plain_until(source, at)
        if step > at:
            text.append(source[at:step])
            offset += utf16(source[at:step])
            at = step
        elif source[at] == "&":
            character, at = _character(source, at)
            text.append(character)
            offset += utf16(character)
        elif source.startswith("</", at):
            at = _close(source, at, open_tags, marks, offset, text)
        else:
            name, fields, after = _open(source, at)
            open_tags.append((name, fields, offset, len(text)))
            at = after
    if open_tags:
        raise _broken(f'Can\'t find end tag corresponding to start tag "{open_tags[-1][0]}"')
    for mark in marks:
        if mark["type"] == "code":
            mark.pop("language", None)  # only a block of code has one
    return "".join(text), _ordered(marks)


def _plain_until(source: str, at: int) -> int:
    tag, mark = source.find("<", at), source.find("&", at)
    ends = [end for end in (tag, mark) if end >= 0]
    return min(ends) if ends else len(source)


def _character(source: str, at: int) -> tuple[str, int]:
    match = _CHARACTER.match(source, at)
    if match is None:
        return "&", at + 1
    if match[3]:
        return _NAMED[match[3]], match.end()
    code = int(match[1], 16) if match[1] else int(match[2])
    if code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return "&", at + 1
    return chr(code), match.end()


def _unescaped(value: str) -> str:
    parts, at = [], 0
    while at < len(value):
        if value[at] == "&":
            character, at = _character(value, at)
            parts.append(character)
        else:
            parts.append(value[at])
            at += 1
    return "".join(parts)


def _open(source: str, begin: int) -> tuple[str, dict[str, Any], int]:
    match = _START.match(source, begin)
    where = f"at byte offset {len(source[:begin].encode())}"
    if match is None or match.end() >= len(source):
        raise _broken(f"Unclosed start tag {where}")
    name = match[1].lower()
    if name not in _KINDS:
        raise _broken(f'Unsupported start tag "{name}" {where}')
    fields: dict[str, Any] = {}
    at = match.end()
    while True:
        while at < len(source) and source[at].isspace():
            at += 1
        if at >= len(source):
            raise _broken(f"Unclosed start tag {where}")
        if source[at] == ">":
            break
        attribute = _ATTRIBUTE.match(source, at)
        if attribute is None:
            raise _broken(f'Empty attribute name in the tag "{name}" {where}')
        value = next((v for v in attribute.groups()[1:] if v is not None), None)
        if value is None and source[attribute.end() : attribute.end() + 1] == "=":
            raise _broken(
                f"Unexpected end of name token at byte offset {len(source[: attribute.end() + 1].encode())}"
            )
        fields[attribute[1].lower()] = "" if value is None else _unescaped(value)
        at = attribute.end()
    if name == "span" and fields.get("class") != "tg-spoiler":
        raise _broken(f'Tag "span" must have class "tg-spoiler" {where}')
    return name, fields, at + 1


def _close(
    source: str,
    begin: int,
    open_tags: list[tuple[str, dict[str, Any], int, int]],
    marks: list[dict[str, Any]],
    offset: int,
    text: list[str],
) -> int:
    where = f"at byte offset {len(source[:begin].encode())}"
    if not open_tags:
        raise _broken(f"Unexpected end tag {where}")
    match = _END.match(source, begin)
    if match is None:
        raise _broken(f"Unclosed end tag {where}")
    name, fields, start, position = open_tags[-1]
    found = match[1].lower()
    if found and found != name:
        raise _broken(f'Unmatched end tag {where}, expected "</{name}>", found "</{found}>"')
    open_tags.pop()
    if offset > start:
        _mark(marks, name, fields, start, offset - start, "".join(text[position:]))
    return match.end()


def _mark(
    marks: list[dict[str, Any]], name: str, fields: dict[str, Any], start: int, length: int, inside: str
) -> None:
    mark: dict[str, Any] = {"type": _KINDS[name], "offset": start, "length": length}
    last = marks[-1] if marks else None
    same_place = last is not None and (last["offset"], last["length"]) == (start, length)
    if name == "a":
        mark["url"] = fields.get("href") or inside
        if not _LINK.fullmatch(mark["url"]):
            return  # Telegram keeps the words and drops a link that leads nowhere
    elif name == "tg-emoji":
        mark["custom_emoji_id"] = fields.get("emoji-id", "")
    elif name == "blockquote" and "expandable" in fields:
        mark["type"] = "expandable_blockquote"
    elif name == "code" and fields.get("class", "").startswith("language-"):
        mark["language"] = fields["class"].removeprefix("language-")
    elif name == "pre" and last is not None and same_place and last["type"] == "code":
        # <pre><code class="language-x"> is one block of code in language x, not two marks.
        marks.pop()
        mark.update({k: v for k, v in last.items() if k == "language"})
    marks.append(mark)


def _given(entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not isinstance(entities, list):
        raise bad_request("can't parse MessageEntity: an Array is needed")
    for entity in entities:
        if not (
            isinstance(entity, dict)
            and isinstance(entity.get("url", ""), str)
            and isinstance(entity.get("type"), str)
            and isinstance(entity.get("offset"), int)
            and isinstance(entity.get("length"), int)
        ):
            raise bad_request("can't parse MessageEntity: type, offset and length are needed")
    return _ordered([dict(e) for e in entities if e["offset"] >= 0 and e["length"] > 0])


def _trimmed(text: str, marks: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Without white space at both ends, as Telegram stores it; marks cut to what is left."""
    body = text.strip()
    if len(body) == len(text):
        return text, marks
    skipped = utf16(text[: len(text) - len(text.lstrip())])
    end = utf16(body)
    kept = []
    for mark in marks:
        first = max(mark["offset"] - skipped, 0)
        last = min(mark["offset"] + mark["length"] - skipped, end)
        if last > first:
            kept.append({**mark, "offset": first, "length": last - first})
    return body, kept


def _ordered(marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(marks, key=lambda mark: (mark["offset"], -mark["length"]))


def _broken(reason: str) -> ApiError:
    return bad_request(f"can't parse entities: {reason}")
