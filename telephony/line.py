"""One PBX as the rest of the house sees it: its link, its live state, and what acting on it needs to know."""

import asyncio
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from config.settings import Pbx
from domain.calls import Call, Caller, call_id
from domain.events import CallChanged, CallEnded, News, PbxConnected, PbxLost
from telephony.ami import AmiLink, Timing
from telephony.endpoints import Endpoints
from telephony.exchange import HEARD, Exchange
from telephony.handles import HEARD as HEARD_TO_ACT
from telephony.handles import Handles
from telephony.lingering import MOMENT
from telephony.possible import Ground
from telephony.stream import Message

log = structlog.get_logger(__name__)

SETTLES = MOMENT.total_seconds() * 1.2
_CONSULTATION = frozenset({"BridgeEnter", "BridgeLeave", "AttendedTransfer", "Unhold"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A call we asked for: what it will be called before Asterisk tells of it."""

    number: str
    call: Call


class Line:
    """One `[[pbx]]` of the settings, live."""

    def __init__(
        self,
        pbx: Pbx,
        *,
        number: Callable[[str | None], str | None],
        names: Callable[[str], str],
        publish: Callable[[News], None],
        timing: Timing | None = None,
    ) -> None:
        self.pbx = pbx
        self.handles = Handles()
        self.endpoints = Endpoints(pbx)
        self.exchange = Exchange(pbx, number, names)
        self.link = AmiLink(pbx, self, wanted=HEARD | HEARD_TO_ACT, timing=timing)
        self._number, self._names, self._publish = number, names, publish
        self._expected: dict[str, Expected] = {}
        self._counter = itertools.count(1)
        self._settling: asyncio.TimerHandle | None = None

    # --- what the link tells --------------------------------------------------------------------------

    def hear(self, message: Message, read_at: float) -> None:
        """One AMI message: into the live state, and on to the bus what it means."""
        self.handles.hear(message)
        self._tell(self.exchange.receive(message, read_at))
        if self._settling is None and self.exchange.unsettled():
            self._settling = asyncio.get_running_loop().call_later(SETTLES, self._settle)
        if self._expected:
            self._hear_expected(message, read_at)
        if self.handles.consulting and message.get("Event") in _CONSULTATION:
            self._tell_who_consults(message.get("Channel", ""))

    def _settle(self) -> None:
        self._settling = None
        self._tell(self.exchange.settle(self.link.now()))

    def resync_began(self) -> None:
        """Everything is asked for again."""
        self.exchange.resync_began()

    def resync_ended(self, at: datetime, version: str) -> None:
        """Everything is known again."""
        self._tell(self.exchange.resync_ended(at))
        self._publish(PbxConnected(at=at, pbx=self.pbx.name, version=version))

    def lost(self, at: datetime, reason: str) -> None:
        """The PBX is out of sight; its calls are not over for that."""
        self._expected.clear()
        self._tell(self.exchange.lost(at, reason))
        self._publish(PbxLost(at=at, pbx=self.pbx.name, reason=reason))

    def away(self, at: datetime, reason: str) -> None:
        """The PBX is not there, or does not let us in: whoever looks for calls has to know."""
        self._publish(PbxLost(at=at, pbx=self.pbx.name, reason=reason))

    def _tell(self, news: list[News]) -> None:
        for told in news:
            self._publish(told)

    # --- calls we ask for -----------------------------------------------------------------------------

    def new_uniqueid(self) -> str:
        """A uniqueid of our choice, in Asterisk's shape, that no Asterisk makes: "switchroom-1795.c1x9f2"."""
        return f"switchroom-{int(self.link.now().timestamp())}.c{next(self._counter)}x{secrets.token_hex(4)}"

    def expect(self, uniqueid: str, extension: str, number: str) -> Call:
        """The record of a call that is about to begin at `extension`'s phone, to `number`."""
        dialed = self._number(number)
        outside = dialed is not None and dialed.startswith("+")
        caller = Caller(
            number=extension,
            name=self._names(extension),
            extension=extension,
            endpoint=self.device_of(extension),
        )
        call = Call(
            id=call_id(self.pbx.name, uniqueid),
            pbx=self.pbx.name,
            linkedid=uniqueid,
            direction="outbound" if outside else "internal",
            caller=caller,
            dialed=dialed,
            started_at=self.link.now(),
        )
        self._expected[uniqueid] = Expected(number=number, call=call)
        return call

    def forget_expected(self, uniqueid: str) -> None:
        """It was refused at once: nothing will come of it."""
        self._expected.pop(uniqueid, None)

    def _hear_expected(self, message: Message, read_at: float) -> None:
        uniqueid = message.get("Uniqueid", "")
        expected = self._expected.get(uniqueid) or self._expected.get(message.get("DestUniqueid", ""))
        if expected is None:
            return
        uniqueid = expected.call.linkedid
        match message.get("Event"):
            case "DialBegin" | "Newstate":
                dialled = {"Event": "OriginateResponse", "Uniqueid": uniqueid, "Exten": expected.number}
                self._tell(self.exchange.receive(dialled, read_at))
            case "OriginateResponse":
                del self._expected[uniqueid]
                if message.get("Response") == "Failure" and message.get("Reason") == "0":
                    self._tell_never_began(expected.call)
            case "Hangup":
                self._expected.pop(uniqueid, None)
            case _:
                pass

    def _tell_never_began(self, asked: Call) -> None:
        """Asterisk could not even ring the user's own phone: the record we gave has to end somewhere."""
        at = self.link.now()
        if any(call.id == asked.id for call in self.exchange.calls()):
            return
        over = _failed(asked, at)
        self._tell([CallChanged(at=at, before=None, after=over, read_at=0.0), CallEnded(at=at, call=over)])

    # --- what acting needs ----------------------------------------------------------------------------

    def devices_of(self, extension: str) -> tuple[str, ...]:
        """The devices of `extension`, as the settings name them."""
        own = tuple(device for device, owner in self.pbx.extensions.items() if owner == extension)
        return own or (self.pbx.phone.replace("{extension}", extension),)

    def device_of(self, extension: str) -> str:
        """The device that rings for a click-to-call."""
        return self.devices_of(extension)[0]

    def ground(self, call: Call, extension: str | None) -> Ground:
        """What `extension` stands on in `call` besides the record."""
        status = self.link.status
        channel = self.exchange.channel_of(call.id, extension) if extension and call.party(extension) else None
        return Ground(
            up=status.state == "up",
            commands=status.commands,
            consulting=channel is not None and self.consults(call, extension or "", channel),
            muted=channel in self.handles.muted,
            recorded=self.handles.recorded(call.linkedid),
        )

    def consults(self, call: Call, extension: str, channel: str) -> bool:
        """Whether `extension` asks somebody before transferring: whom it talked with is not there any more."""
        before = self.handles.consulting.get(channel)
        if before is None:
            return False
        beside = self.exchange.beside(call.id, extension)
        return not any(peer in beside for peer in before)

    def tell_again(self, call: Call) -> None:
        """What can be done with a call changed, though its record did not."""
        live = next((one for one in self.exchange.calls() if one.id == call.id), None)
        if live is not None:
            self._publish(CallChanged(at=self.link.now(), before=live, after=live, read_at=0.0))

    def _tell_who_consults(self, channel: str) -> None:
        if channel not in self.handles.consulting:
            return
        extension = self.endpoints.of_channel(channel).extension
        for call in self.exchange.calls():
            if extension and self.exchange.channel_of(call.id, extension) == channel:
                self.tell_again(call)


def _failed(asked: Call, at: datetime) -> Call:
    return replace(
        asked, state="ended", ended_at=at.astimezone(UTC), outcome="failed", cause="agent_no_answer", ended_by="pbx"
    )
