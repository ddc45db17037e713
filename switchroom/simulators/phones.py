"""The people at the phones: what a phone of the simulated PBX can do, and how it behaves by itself."""

from dataclasses import dataclass

from switchroom.simulators import consulting, dialing, transfers
from switchroom.simulators.channels import RING, RINGING, UP, Channel
from switchroom.simulators.switch import Device, Switch


class Absent(LookupError):  # noqa: N818 - a fact about the phone, not a fault
    """The phone has no call it could do this with."""


@dataclass(slots=True, kw_only=True)
class Habits:
    """What somebody does by himself, in seconds; None: he waits until a test or AMI says so.

    `answers_own` is for the leg of a click-to-call, which its own user asked for.
    """

    answers_after: float | None = None
    refuses: str = ""
    hangs_up_after: float | None = None
    answers_own: float | None = None


class Phone:
    """A phone, as a person uses it. What it cannot do now raises Absent."""

    def __init__(self, switch: Switch, device: Device, habits: Habits) -> None:
        self.switch = switch
        self.device = device
        self.habits = habits

    @property
    def channels(self) -> list[Channel]:
        """The phone's channels, oldest first."""
        return self.switch.of_endpoint(self.device.endpoint)

    @property
    def state(self) -> str:
        """The device state the PBX announced last."""
        return self.device.told

    def ringing(self) -> bool:
        """Whether something rings."""
        return any(channel.state == RINGING for channel in self.channels)

    def holding(self) -> bool:
        """Whether a call is on hold here."""
        return any(channel.holding for channel in self.channels)

    def answer(self) -> None:
        """Pick up what rings."""
        dialing.answer(self.switch, self._channel(RINGING))
        self.switch.settle()

    def reject(self, why: str = "rejected") -> None:
        """Refuse what rings: `busy`, `rejected`, `unallocated` or `congestion`."""
        dialing.refuse(self.switch, self._channel(RINGING), why)
        self.switch.settle()

    def hang_up(self) -> None:
        """Put the receiver down; what was asked last goes first."""
        channels = [channel for channel in self.channels if channel.state in (UP, RING)]
        if not channels:
            raise Absent(self.device.endpoint)
        consulting.hang_up(self.switch, channels[-1])
        self.switch.settle()

    def dial(self, number: str) -> Channel:
        """Call a number, an extension or a feature code."""
        facts = {"number": self.device.extension, "caller_name": self.device.name, "context": "from-internal"}
        channel = self.switch.open_channel(self.device.endpoint, state=RING, exten=number, **facts)
        self.switch.run(channel)
        self.switch.settle()
        return channel

    def hold(self) -> None:
        """Put the other side on hold."""
        transfers.hold(self.switch, self._channel(UP))
        self.switch.settle()

    def resume(self) -> None:
        """Take the call back from hold."""
        held = [channel for channel in self.channels if channel.holding]
        transfers.resume(self.switch, held[-1] if held else self._channel(UP))
        self.switch.settle()

    def toggle_hold(self) -> None:
        """Press the hold key."""
        if self.holding():
            self.resume()
        else:
            self.hold()

    def transfer(self, to: str) -> None:
        """Send the other side to `to` without asking (REFER)."""
        transfers.blind(self.switch, self._channel(UP), to, "from-internal")
        self.switch.settle()

    def consult(self, to: str) -> None:
        """Put the other side on hold and call `to`."""
        self.hold()
        self.dial(to)

    def complete(self) -> None:
        """Join the two calls and be out of both (REFER with Replaces, after `consult` was answered)."""
        up = [channel for channel in self.channels if channel.state == UP and channel.bridge]
        if len(up) < 2 or not transfers.attended(self.switch, up[0], up[1]):
            raise Absent(self.device.endpoint)

    def park(self) -> int:
        """Put the other side into the parking lot. Returns the space to dial."""
        bridge = self._channel(UP).bridge
        peer = bridge.peer(self._channel(UP)) if bridge else None
        if peer is None:
            raise Absent(self.device.endpoint)
        space = transfers.park(self.switch, peer)
        self.switch.settle()
        return space

    def pick_up(self, extension: str | None = None) -> None:
        """Take a call that rings at `extension`, or at any phone."""
        self.dial(f"**{extension}" if extension else "*8")

    def disturb(self, allowed: bool) -> None:
        """Switch do-not-disturb: not `allowed` refuses calls as busy."""
        self.switch.set_dnd(self.device, not allowed)

    def register(self, on: bool = True) -> None:
        """Plug the phone in, or out."""
        self.switch.register(self.device, on)

    def rings(self, leg: Channel) -> None:
        """A leg to this phone rings: do what its habits say."""
        own = leg.dialed_by is not None and leg.dialed_by.caller is None
        after = self.habits.answers_own if own else self.habits.answers_after
        if self.habits.refuses:
            self.switch.clock.after(after or 0.0, lambda: self._act(leg, refuse=True))
        elif after is not None:
            self.switch.clock.after(after, lambda: self._act(leg, refuse=False))

    def _act(self, leg: Channel, *, refuse: bool) -> None:
        if leg.dialed_by is None:
            return
        if refuse:
            dialing.refuse(self.switch, leg, self.habits.refuses)
        else:
            dialing.answer(self.switch, leg)
        self.switch.settle()

    def answered(self, leg: Channel) -> None:
        """A leg to this phone is up: hang up in time, where that is the habit."""
        if self.habits.hangs_up_after is not None:
            self.switch.clock.after(self.habits.hangs_up_after, lambda: self._leave(leg))

    def _leave(self, leg: Channel) -> None:
        consulting.hang_up(self.switch, leg)
        self.switch.settle()

    def _channel(self, state: int) -> Channel:
        channels = [channel for channel in self.channels if channel.state == state]
        if not channels:
            raise Absent(self.device.endpoint)
        return channels[-1]
