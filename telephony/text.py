"""Names and numbers as they come over the wire, made fit to be shown."""

import re
import unicodedata
from collections.abc import Callable

ESCAPED = re.compile(r"\\([abfnrtv'\"?\\])")
LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
"""Asterisk writes names into its events with C escapes (ast_escape_c)."""


def clean(name: str) -> tuple[str, bytes | None]:
    """`name` as clean text, and what really came where cleaning changed it.

    Bytes that are not UTF-8 arrive as surrogates (PEP 383) and become U+FFFD, as control characters do.
    """
    if name in ("", "<unknown>"):
        return "", None
    if "\\" in name:
        name = ESCAPED.sub(lambda found: LETTERS.get(found[1], found[1]), name)
    if name.isascii() and name.isprintable():
        return name, None
    raw = name.encode("utf-8", "surrogateescape")
    text = "".join("�" if _control(letter) else letter for letter in raw.decode("utf-8", "replace"))
    return text, (raw if text.encode() != raw else None)


def _control(letter: str) -> bool:
    return unicodedata.category(letter) == "Cc"


def outside_line(number: Callable[[str | None], str | None], prefix: str) -> Callable[[str | None], str | None]:
    """Read numbers; the prefix dialled to get an outside line is not part of one."""
    if not prefix:
        return number

    def read(typed: str | None) -> str | None:
        if typed and typed.startswith(prefix):
            inside = number(typed[len(prefix) :])
            if inside is not None and inside.startswith("+"):
                return inside
        return number(typed)

    return read
