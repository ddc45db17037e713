"""Telephone numbers: read as people type them, kept as E.164, shown as people read them."""

import re
from functools import lru_cache
from typing import NewType

import phonenumbers
from phonenumbers import PhoneNumberFormat

Phone = NewType("Phone", str)

_WITHHELD = {"", "anonymous", "unknown", "restricted", "private", "unavailable", "withheld", "<unknown>", "asterisk"}
_DIALLABLE = re.compile(r"[^0-9+*#A-Da-d]")


@lru_cache(maxsize=65536)
def to_phone(typed: str | None, country: str, area_code: str = "") -> Phone | None:
    """`typed` as E.164 where it is a valid number for `country` (ISO 3166), else as dialled.

    A short local number is read with `area_code` in front. Withheld numbers are None; what has no digit
    at all is kept as it came (a SIP user name).
    """
    if typed is None or typed.strip().casefold() in _WITHHELD:
        return None
    text = typed.strip()
    for candidate in (text, _without_00(text), area_code + text if area_code else text):
        if (number := _valid(candidate, country)) is not None:
            return number
    dialled = _DIALLABLE.sub("", text)
    return Phone(dialled if any(map(str.isdigit, dialled)) else text)


def _without_00(text: str) -> str:
    """The international prefix most of the world dials, as foreign trunks present it."""
    return "+" + text[2:] if text.startswith("00") else text


def _valid(text: str, country: str) -> Phone | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164))


@lru_cache(maxsize=65536)
def shown(number: str | None) -> str:
    """`number` as people read it: "+7 921 123-45-67"; extensions and unknown forms as they are."""
    if not number or not number.startswith("+"):
        return number or ""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


def masked(number: str | None) -> str:
    """`number` for a log: enough to recognise, not enough to call."""
    if not number or len(number) < 5:
        return "…" if number else ""
    return f"{number[:3]}…{number[-2:]}"
