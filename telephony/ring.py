"""One attempt to ring somebody, and what has become of it so far."""

from datetime import datetime

from domain.calls import Leg, LegResult
from telephony.channels import Channel

At = datetime | None


class Ring:
    """One dial attempt, of a phone or (not shown) of a Local channel that leads to one."""

    __slots__ = (
        "answered",
        "answered_at",
        "asks",
        "begun",
        "cause",
        "channel",
        "connected",
        "consult",
        "dialer",
        "ended_at",
        "endpoint",
        "extension",
        "forwarded_to",
        "number",
        "own",
        "parent",
        "rang",
        "rang_at",
        "refused",
        "result",
        "shown",
        "written",
    )

    def __init__(self, channel: Channel, dialer: Channel | None, begun: At) -> None:
        self.channel = channel
        self.dialer = dialer
        self.begun = begun
        self.shown = channel.person
        self.own = False
        """The caller's own phone in a click-to-call (his mobile, too): no leg."""
        self.consult = False
        """Dialled by somebody who keeps his first party waiting, from within the same call."""
        self.extension = channel.extension
        self.endpoint = channel.endpoint.name
        self.number: str | None = None
        self.rang = False
        self.rang_at: At = None
        self.asks = False
        """Whoever answers is asked first whether he takes the call: it is his once he is let into it."""
        self.answered = False
        """This dial was answered; the call is, once every Local channel on the way is, too."""
        self.connected = False
        self.refused = False
        """Whoever answered hung up again before he was let into the call."""
        self.answered_at: At = None
        self.ended_at: At = None
        self.result: LegResult | None = None
        self.cause: str | None = None
        self.forwarded_to: str | None = None
        self.parent: Ring | None = None
        self.written: Leg | None = None
        """The leg as written last."""

    @property
    def open(self) -> bool:
        return self.result is None

    def end(self, result: str, at: At) -> None:
        """It rings no more."""
        match result:
            case "answered" | "no_answer" | "busy" | "cancelled" | "failed":
                self.result = result
            case _:
                self.result = "no_answer"
        self.ended_at = self.ended_at or at

    def way_is_open(self) -> bool:
        """Whether this dial and all that lead to it are answered (a confirmed mobile, a queue's Local member)."""
        ring: Ring | None = self
        for _ in range(32):
            if not ring.answered:
                return False
            ring = ring.up()
            if ring is None:
                return True
        return True

    def up(self) -> "Ring | None":
        """The dial of the Local channel whose far end made this one."""
        if self.parent is None and self.dialer is not None and self.dialer.second_half:
            other = self.dialer.other
            if other is not None and isinstance(other.ring, Ring) and other.ring is not self:
                self.parent = other.ring
        return self.parent
