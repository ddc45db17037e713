"""The live feed's words (contract, section 5): events out, the browser's messages in. Pure.

One event is encoded once, with its number, for everybody who gets it; a frame is a JSON array of events.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import orjson

LONGEST_MESSAGE = 16_384
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
MOST_TOPICS = 2_000


class Close(IntEnum):
    """Why the gateway lets a connection go."""

    UNAUTHORISED = 4001
    ORIGIN = 4003
    TOO_SLOW = 4008
    JUNK = 4009


class Junk(Exception):  # noqa: N818 - what came, not what went wrong here
    """The browser sent something that is no message of the contract; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """What a connection wants to hear besides its own calls and tasks, which nobody can turn off.

    `presence` and `queues` True: of every extension or queue, else only of those named. `others` (campaigns)
    are kept as they came.
    """

    presence: bool = True
    extensions: frozenset[str] = frozenset()
    queues: bool = False
    named_queues: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    def covers(self, kind: str, name: str) -> bool:
        """Whether news of `kind` ("presence", "queue", "") about `name` is wanted."""
        match kind:
            case "presence":
                return self.presence or name in self.extensions
            case "queue":
                return self.queues or name in self.named_queues
            case _:
                return True


DEFAULT = Topics()


@dataclass(frozen=True, slots=True)
class Shown:
    """The card of `call` was painted, in a `hidden` tab or in one its user can see."""

    call: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Subscribe:
    """From now on this connection hears `topics` instead of what it heard."""

    topics: Topics


def parse(message: str | bytes) -> Shown | Subscribe:
    """What a browser said; raises `Junk` for anything else."""
    if isinstance(message, bytes):
        raise Junk("binary message")
    if len(message) > LONGEST_MESSAGE:
        raise Junk("message too long")
    try:
        said = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise Junk("not JSON") from error
    match said:
        case {"type": "shown", "call": str(call), **rest}:
            return Shown(call, hidden=rest.get("hidden") is True)
        case {"type": "subscribe", "topics": list(topics)} if all(isinstance(topic, str) for topic in topics):
            return Subscribe(_topics(topics))
        case _:
            raise Junk("unknown message")


def _topics(names: Sequence[str]) -> Topics:
    """`presence`, `presence:101`, `queue`, `queue:sales`, `campaign:ID`."""
    if len(names) > MOST_TOPICS:
        raise Junk("too many topics")
    split = [name.partition(":") for name in names]
    return Topics(
        presence=any(kind == "presence" and not name for kind, _, name in split),
        extensions=frozenset(name for kind, _, name in split if kind == "presence" and name),
        queues=any(kind == "queue" and not name for kind, _, name in split),
        named_queues=frozenset(name for kind, _, name in split if kind == "queue" and name),
        others=frozenset(kind + colon + name for kind, colon, name in split if kind not in ("presence", "queue")),
    )


def encode(seq: int, at: str, event: Mapping[str, Any]) -> bytes:
    """One event as JSON, its number and time first. Text that is no UTF-8 is shown with U+FFFD."""
    numbered = {"seq": seq, "at": at, **event}
    try:
        return orjson.dumps(numbered)
    except orjson.JSONEncodeError:
        return orjson.dumps(_clean(numbered))


def _clean(value: Any) -> Any:
    """The same value without the lone surrogates that stand for undecodable bytes."""
    match value:
        case str():
            return _LONE_SURROGATE.sub("\ufffd", value)
        case dict():
            return {_clean(key): _clean(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_clean(inner) for inner in value]
        case _:
            return value


def array(events: Iterable[bytes]) -> bytes:
    """Encoded events as one JSON array."""
    return b"[" + b",".join(events) + b"]"


def frame(payload: bytes) -> bytes:
    """`payload` as one final, unmasked, uncompressed text frame of RFC 6455, ready for the transport."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload
