"""What was told lately, for those who come back and ask for what they missed. Pure."""

from bisect import bisect_right
from dataclasses import dataclass

from domain.rights import Scope
from screenpop.protocol import DEFAULT
from screenpop.telling import Telling


@dataclass(frozen=True, slots=True)
class Told:
    """A telling with its number, encoded for everybody who gets it."""

    seq: int
    telling: Telling
    encoded: bytes


class Recent:
    """The last events, at most `most` of them and `bytes_kept` of their JSON (each by up to a factor of two)."""

    def __init__(self, most: int = 20_000, bytes_kept: int = 16_000_000) -> None:
        self._most = most
        self._bytes_kept = bytes_kept
        self._told: list[Told] = []
        self._size = 0
        self._forgotten = 0

    def add(self, told: Told) -> None:
        """Keep an event; the older half goes when there are too many."""
        self._told.append(told)
        self._size += len(told.encoded)
        if len(self._told) > 2 * self._most or self._size > 2 * self._bytes_kept:
            half = len(self._told) // 2
            self._forgotten = self._told[half - 1].seq if half else self._forgotten
            del self._told[:half]
            self._size = sum(len(kept.encoded) for kept in self._told)

    def after(self, seq: int, scope: Scope) -> list[bytes] | None:
        """What `scope` missed since number `seq`, as a new connection hears it; None where it is forgotten."""
        if seq < self._forgotten:
            return None
        start = bisect_right(self._told, seq, key=lambda told: told.seq)
        return [told.encoded for told in self._told[start:] if told.telling.concerns(scope, DEFAULT)]
