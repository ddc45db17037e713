"""What became of every pop: matched, sent, shown, and when. Answers "why no pop?". Pure.

Kept by extension, so that a ring is there also for who was not connected.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from domain.calls import Call
from domain.record import instant
from domain.rights import Scope

Reason = Literal["", "not_connected", "not_painted", "hidden_tab", "number_withheld", "database_away"]


@dataclass(slots=True, kw_only=True)
class Pop:
    """One ring of one phone, and its user's card. `read_at`: monotonic second at which the AMI bytes were read."""

    call_id: str
    extension: str
    user_id: str | None
    number: str | None
    at: datetime
    read_at: float
    connected: bool
    match: str | None = None
    client_id: str | None = None
    source: str = "none"
    sent_at: datetime | None = None
    shown_at: datetime | None = None
    hidden: bool = False
    seconds: float | None = None

    def reason(self) -> Reason:
        """Why nobody saw it, or saw less than a client's card; "" where all went well."""
        if not self.connected:
            return "not_connected"
        if self.shown_at is None:
            return "not_painted"
        if self.hidden:
            return "hidden_tab"
        if self.number is None:
            return "number_withheld"
        return "database_away" if self.source == "none" and self.match == "none" else ""

    def shape(self) -> dict[str, Any]:
        """The pop for its user; `latency_ms` from the AMI read to the painted card."""
        return {
            "call": self.call_id,
            "extension": self.extension,
            "number": self.number,
            "at": instant(self.at),
            "match": self.match,
            "client_id": self.client_id,
            "source": self.source,
            "sent_at": instant(self.sent_at),
            "shown_at": instant(self.shown_at),
            "hidden": self.hidden,
            "latency_ms": None if self.seconds is None else round(self.seconds * 1000, 1),
            "reason": self.reason(),
        }


class PopLog:
    """The last pops of every extension, `most` each."""

    def __init__(self, most: int = 50) -> None:
        self._most = most
        self._by_extension: dict[str, deque[Pop]] = {}
        self._open: dict[tuple[str, str], Pop] = {}

    def rang(
        self, call: Call, extension: str, user: Scope | None, *, at: datetime, read_at: float, connected: bool
    ) -> None:
        """A phone rings, or dials; `user` None where nobody listens for it."""
        pop = Pop(
            call_id=call.id,
            extension=extension,
            user_id=user.user_id if user else None,
            number=call.outside_number or call.caller.extension,
            at=at,
            read_at=read_at,
            connected=connected,
        )
        pops = self._by_extension.setdefault(extension, deque())
        pops.append(pop)
        if user is not None:
            self._open[user.user_id, call.id] = pop
        if len(pops) > self._most:
            self._close(pops.popleft())

    def found(self, user_id: str, call_id: str, source: str) -> None:
        """Where the card came from."""
        if (pop := self._open.get((user_id, call_id))) is not None:
            pop.source = source

    def sent(self, user_id: str, call_id: str, card: Mapping[str, Any], at: datetime) -> None:
        """The card left for the browser; a fuller one may follow."""
        if (pop := self._open.get((user_id, call_id))) is not None:
            pop.match = card["match"]
            pop.client_id = card["client"]["id"] if card["client"] else None
            pop.sent_at = pop.sent_at or at

    def shown(self, user_id: str, call_id: str, *, hidden: bool, at: datetime, now: float) -> float | None:
        """The card was painted: seconds since the AMI read, the first time a tab says so; else None.

        A card first painted in a hidden tab and then seen counts as hidden: its latency was the tab's.
        """
        pop = self._open.get((user_id, call_id))
        if pop is None or pop.shown_at is not None:
            return None
        pop.shown_at, pop.hidden = at, hidden
        pop.seconds = max(0.0, now - pop.read_at) if pop.read_at else None
        return pop.seconds

    def of(self, scope: Scope) -> list[dict[str, Any]]:
        """The user's own pops, newest first."""
        pops = self._by_extension.get(scope.extension or "", ())
        return [pop.shape() for pop in reversed(pops) if pop.user_id in (None, scope.user_id)]

    def _close(self, pop: Pop) -> None:
        if pop.user_id is not None and self._open.get((pop.user_id, pop.call_id)) is pop:
            del self._open[pop.user_id, pop.call_id]
