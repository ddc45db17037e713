"""Text as the store keeps it: clean for the database, folded for search."""

import re

MISSING = "\N{REPLACEMENT CHARACTER}"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BETWEEN_WORDS = re.compile(r"[^\w@.+-]+")


def clean(text: str) -> str:
    """`text` with U+FFFD for NUL and for what was not UTF-8: PostgreSQL takes neither."""
    return _UNSTORABLE.sub(MISSING, text)


def original(text: str) -> bytes:
    """The bytes `text` was read from, where it was decoded with `surrogateescape`."""
    return text.encode("utf-8", "surrogateescape" if not re.search("[\ud800-\udc7f\udd00-\udfff]", text) else "replace")


def folded(text: str) -> str:
    """`text` as it is searched and sorted by: case folded, ё as е, one space between words."""
    return _BETWEEN_WORDS.sub(" ", clean(text).casefold().replace("ё", "е")).strip()


def words(query: str) -> list[str]:
    """The words of a search, ready for `like`."""
    return [re.sub(r"([\\%_])", r"\\\1", word) for word in folded(query).split()]


def digits(query: str) -> str:
    """The digits of `query` where it is a number or a part of one, else nothing."""
    only = re.sub(r"\D", "", query)
    return only if len(only) >= 3 and not re.search(r"[^\W\d_]", query) else ""
