"""A raw AMI stream, made fit to be given away: same shape, without what must not leave the house. Pure.

Always removed: secrets, and digits typed while a call's recording is paused, or longer than a menu asks for
(a card number may be typed at any time). On request numbers, names and addresses are replaced, the same way
throughout one recording, so that a replay still tells the same story.
"""

import re
import secrets
from collections.abc import Callable

from telephony.stream import END

Header = tuple[str, str]

MENU_DIGITS = 4
"""How many keys pressed one after the other are kept: menus and extensions ask for no more."""

_SECRET = re.compile(r"secret|passw|challenge|hash|md5|token|(^|_)pin($|_|code)|cvv|cvc|card", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.])")
_DIGITS_ONLY = re.compile(r"[\d*#]{3,}")
_TYPED = frozenset({"VarSet", "Newexten", "UserEvent", "CEL"})
_NUMBER = re.compile(r"\+?\d{7,15}")
_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_KEPT = re.compile(r"timestamp|uniqueid|linkedid|tv$|sessionid|actionid|version|time$|date$", re.IGNORECASE)
_FREE_TEXT = re.compile(r"value|appdata|extra|chanvariable|^callerid$|data|output", re.IGNORECASE)
_NAME = re.compile(r"(callerid|connectedline)name|^membername$|calleridname", re.IGNORECASE)
_NO_NAME = frozenset({"", "<unknown>", "<Unknown>", "unknown", "Anonymous", "anonymous"})


class Redaction:
    """Raw bytes in, bytes to keep out; a message is held back until it is whole.

    Events of a PBX that sends no times get the time of their read. Where it does, the few without one are left
    so: two clocks must not be mixed.
    """

    def __init__(self, *, anonymise: bool = False, below: Callable[[int], int] = secrets.randbelow) -> None:
        self._rest = b""
        self._timed = False
        self._typed = TypedDigits()
        self._disguise = Disguise(below) if anonymise else None

    def receive(self, data: bytes, at: float) -> bytes:
        """Take the bytes of one read at `at` (seconds of the epoch on the PBX's clock); give what to keep."""
        *blocks, self._rest = (self._rest + data).split(END)
        return b"".join(self._message(block, at) + END for block in blocks)

    def _message(self, block: bytes, at: float) -> bytes:
        text = block.decode("utf-8", "surrogateescape")
        headers = [_header(line) for line in text.split("\r\n")]
        event = next((value for name, value in headers if name == "Event"), None)
        headers = self._typed.without(event or "", [_without_secret(header) for header in headers])
        headers = [_without_secret_value(headers, header) for header in headers]
        if self._disguise is not None:
            headers = [self._disguise.header(header) for header in headers]
        self._timed = self._timed or any(name == "Timestamp" for name, _ in headers)
        if event is not None and not self._timed:
            after = next(place for place, (name, _) in enumerate(headers, 1) if name == "Event")
            headers.insert(after, ("Timestamp", f"{at:.6f}"))
        return "\r\n".join(_line(header) for header in headers).encode("utf-8", "surrogateescape")


def _header(line: str) -> Header:
    name, colon, value = line.partition(": ")
    return (name, value) if colon else ("", line)


def _line(header: Header) -> str:
    name, value = header
    return f"{name}: {value}" if name else value


def _without_secret(header: Header) -> Header:
    """A header, a channel variable or an output line that holds a secret keeps its name only."""
    name, value = header
    if _SECRET.search(name):
        return name, ""
    if name.startswith(("ChanVariable", "DestChanVariable")):
        variable, equals, _ = value.partition("=")
        return (name, f"{variable}{equals}") if _SECRET.search(variable) else header
    return header


def _without_secret_value(headers: list[Header], header: Header) -> Header:
    """The value of a VarSet whose variable's name says that it is a secret."""
    if header[0] != "Value":
        return header
    variable = next((value for name, value in headers if name == "Variable"), "")
    return ("Value", "") if _SECRET.search(variable) else header


class TypedDigits:
    """What people type into calls, and when that must not be kept."""

    def __init__(self) -> None:
        self._paused: set[str] = set()
        self._runs: dict[str, int] = {}

    def without(self, event: str, headers: list[Header]) -> list[Header]:
        """The headers of one message without digits that must not be kept."""
        told = dict(headers)
        call, channel = told.get("Linkedid", ""), told.get("Channel", "")
        self._follow(event, told, call, channel)
        if "Digit" in told:
            hide = call in self._paused or self._too_many(event, told, channel)
            return [(name, "X" if name == "Digit" and hide else value) for name, value in headers]
        if event in _TYPED:
            return [(name, self._typed_value(name, value, call in self._paused)) for name, value in headers]
        return headers

    def _follow(self, event: str, told: dict[str, str], call: str, channel: str) -> None:
        match event:
            case "MixMonitorMute" if told.get("State") == "1":
                self._paused.add(call)
            case "MixMonitorMute" | "MixMonitorStop":
                self._paused.discard(call)
            case "Hangup":
                self._runs.pop(channel, None)
                if told.get("Uniqueid") == call:
                    self._paused.discard(call)
            case "Newexten":
                self._runs.pop(channel, None)
            case _:
                pass

    def _too_many(self, event: str, told: dict[str, str], channel: str) -> bool:
        """Whether this key goes on with a row that is longer than a menu asks for; `DTMFEnd` ends a key."""
        pressed = self._runs.get(channel, 0)
        if event in ("DTMFEnd", "DTMF") and told.get("End", "Yes") == "Yes":
            self._runs[channel] = pressed + 1
        return pressed >= MENU_DIGITS

    def _typed_value(self, name: str, value: str, paused: bool) -> str:
        if name not in ("Value", "AppData", "Extra") and not name.startswith(("ChanVariable", "DestChanVariable")):
            return value
        if paused:
            return _DIGITS_ONLY.sub("X", value)
        return _LONG_NUMBER.sub(lambda found: "X" if _is_card(found[0]) else found[0], value)


def _is_card(typed: str) -> bool:
    """The check digit of payment cards (Luhn)."""
    digits = [int(key) for key in reversed(typed) if key.isdigit()]
    doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits)]
    return sum(doubled) % 10 == 0


class Disguise:
    """Other numbers, names and addresses for the real ones; the same for the same, whatever form they come in.

    Extensions (up to six digits), endpoints and uniqueids stay: the story hangs on them.
    """

    def __init__(self, below: Callable[[int], int]) -> None:
        self._below = below
        self._ends: dict[str, str] = {}
        self._taken: set[str] = set()
        self._names: dict[str, str] = {}
        self._addresses: dict[str, str] = {}

    def header(self, header: Header) -> Header:
        """One header, disguised."""
        name, value = header
        if _KEPT.search(name):
            return header
        if _NAME.search(name) and value not in _NO_NAME and not value.lstrip("+").isdigit():
            return name, self._name(value)
        if _FREE_TEXT.search(name):
            for real, other in self._names.items():
                if len(real) > 2 and real in value:
                    value = value.replace(real, other)
        value = _ADDRESS.sub(self._address, value)
        return name, _NUMBER.sub(self._number, value)

    def _number(self, found: re.Match[str]) -> str:
        text, start, end = found.string, found.start(), found.end()
        before, after = text[start - 1 : start], text[end : end + 2]
        if before in tuple("-._;") or before.isalnum() or (before == "/" and after[:1] != "@"):
            return found[0]
        if after[:1].isalnum() or (after[:1] == "." and after[1:].isdigit()):
            return found[0]
        return found[0][:-6] + self._end(found[0][-6:])

    def _end(self, real: str) -> str:
        """The last six digits, so that country, network and validity stay, in every form of a number."""
        while real not in self._ends:
            other = f"{self._below(1_000_000):06d}"
            if other not in self._taken and other != real:
                self._taken.add(other)
                self._ends[real] = other
        return self._ends[real]

    def _name(self, real: str) -> str:
        word = "Name" if real.isascii() else "Имя"
        return self._names.setdefault(real, f"{word} {len(self._names) + 1}")

    def _address(self, found: re.Match[str]) -> str:
        if found[0].startswith("127."):
            return found[0]
        return self._addresses.setdefault(found[0], f"192.0.2.{len(self._addresses) % 254 + 1}")
