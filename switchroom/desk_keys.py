"""The keys of the desk as the account page lets a user change them. Pure.

A key is written as screenpop/static/keys.js writes it: modifiers in the order Ctrl, Alt, Shift, Meta, then the
physical key (KeyboardEvent.code): "F2", "Alt+KeyX". The tables here and there are the same; tests/browser/
test_account.py compares them in a browser.
"""

import re
from collections.abc import Mapping

from switchroom.operation import N_

ACTIONS = {
    "answer": N_("Answer"),
    "mute": N_("Mute"),
    "hold": N_("Hold"),
    "transfer": N_("Transfer"),
    "conference": N_("Conference"),
    "state": N_("Ready or pause"),
    "hangup": N_("Hang up, finish"),
    "find": N_("Find anybody or dial"),
}
FIND = {"find": "Ctrl+KeyK"}
SETS = {
    "desk": dict(zip(ACTIONS, ("F2", "F3", "F4", "F6", "F7", "F8", "F9"), strict=False)) | FIND,
    "laptop": dict(zip(ACTIONS, (f"Alt+Key{letter}" for letter in "AMHTCRX"), strict=False)) | FIND,
}
TAKEN = frozenset(
    {
        "F1",
        "F5",
        "F11",
        "F12",
        *(f"Ctrl+Key{letter}" for letter in "TNWRCVXAZ"),
        *(f"Ctrl+Shift+Key{letter}" for letter in "TNW"),
        *(f"Alt+Key{letter}" for letter in "DEF"),
        "Ctrl+Tab",
        "Ctrl+Shift+Tab",
        "Ctrl+PageUp",
        "Ctrl+PageDown",
        "Alt+Tab",
        "Alt+F4",
    }
)
"""Keys a browser never gives to a page, or that its user needs."""

MODIFIERS = ("Ctrl", "Alt", "Shift", "Meta")
BELONGS = N_("{key} belongs to the browser or to typing. Choose another.")
USED = N_("Another action has {key}.")
UNKNOWN = N_("There is no such key. Press it in the field, or write it: F10, Alt+X.")

Wrong = tuple[str, dict[str, str]]


def written(typed: str) -> str:
    """What a person wrote as the desk writes it: "alt + x" → "Alt+KeyX"; "" where it is no key."""
    *before, last = [part.strip() for part in typed.split("+")] or [""]
    modifiers = {part.capitalize() for part in before}
    code = _code(last)
    if not code or not modifiers <= set(MODIFIERS) or len(modifiers) != len(before):
        return ""
    return "+".join([*(each for each in MODIFIERS if each in modifiers), code])


def _code(name: str) -> str:
    if re.fullmatch(r"[A-Za-z]", name):
        return f"Key{name.upper()}"
    if re.fullmatch(r"\d", name):
        return f"Digit{name}"
    if re.fullmatch(r"[Ff]([1-9]|1\d|2[0-4])", name):
        return name.upper()
    return name if re.fullmatch(r"[A-Z][a-z]+[A-Za-z]*\d?", name) else ""


def readable(key: str) -> str:
    """A key as it stands on a button: "Alt+KeyX" → "Alt+X"."""
    return re.sub(r"(Key|Digit)(?=.$)", "", key)


def chosen(choices: str, own: Mapping[str, str]) -> dict[str, str]:
    """Every action's key: the set's, but for the user's own ones."""
    return {**SETS[choices], **own}


def wrong_keys(choices: str, own: Mapping[str, str]) -> dict[str, Wrong]:
    """Why own keys cannot be: by action the sentence and its values. Keys are written as the desk writes them."""
    keys = chosen(choices, own)
    faults: dict[str, Wrong] = {}
    for action, key in own.items():
        if not key:
            faults[action] = (UNKNOWN, {})
        elif not free(key):
            faults[action] = (BELONGS, {"key": readable(key)})
        elif list(keys.values()).count(key) > 1:
            faults[action] = (USED, {"key": readable(key)})
    return faults


def free(key: str) -> bool:
    """Whether the desk may take it: a function key, or one with Ctrl, Alt or Meta, that nobody else needs."""
    if key in TAKEN or re.fullmatch(r"Alt\+(Digit|Numpad)\d", key):
        return False
    return re.fullmatch(r"(Shift\+)?F\d+", key) is not None or re.search(r"(Ctrl|Alt|Meta)\+", key) is not None
