"""One call as one of our test phones sees it, and what a person can do in it."""

import asyncio
from urllib.parse import quote

from tests.real import sip
from tests.real.dialog import Dialog
from tests.real.sip import Message

REASONS = {
    404: "Not Found", 480: "Temporarily Unavailable", 486: "Busy Here",
    503: "Service Unavailable", 600: "Busy Everywhere", 603: "Decline",
}  # fmt: skip

PATIENCE = 15.0


class Timeout(AssertionError):  # noqa: N818
    """Something that should have happened on a phone did not."""


class Call(Dialog):
    """A call in somebody's hands."""

    # --- waiting ------------------------------------------------------------------------------------

    async def rings(self) -> "Call":
        """Wait until the other side rings."""
        await self._soon(self.is_ringing, "ringing")
        return self

    async def answered(self) -> "Call":
        """Wait until the call is up."""
        await self._soon(self.is_up, "answered")
        return self

    async def ended(self, patience: float = PATIENCE) -> "Call":
        """Wait until the call is over, whoever ended it."""
        await self._soon(self.is_over, "ended", patience)
        return self

    async def _soon(self, event: asyncio.Event, what: str, patience: float = PATIENCE) -> None:
        try:
            async with asyncio.timeout(patience):
                await event.wait()
        except TimeoutError:
            with_whom = f"{self.phone.user}'s call with {self.peer or self.dialed}"
            raise Timeout(f"{with_whom} was not {what} (last status {self.status})") from None

    # --- what a person does -------------------------------------------------------------------------

    async def answer(self) -> "Call":
        """Pick up."""
        assert self._invite is not None
        self.phone.reply(self._invite, 200, "OK", self, body=self._session())
        self.is_up.set()
        self.note("answered")
        for _ in range(20):
            try:
                async with asyncio.timeout(0.5):
                    await self._acknowledged.wait()
                    return self
            except TimeoutError:
                self.phone.send(self.phone._said[self._invite.branch, "INVITE"])
        return self

    async def reject(self, status: int = 486) -> None:
        """Refuse a ringing call: 486 busy, 603 declined, 480 away, 404, 503."""
        assert self._invite is not None
        self.phone.reply(self._invite, status, REASONS[status], self)
        self.over("us", f"refused with {status}")

    async def forward(self, number: str) -> None:
        """Send a ringing call elsewhere: 302."""
        assert self._invite is not None
        there = f"<sip:{number}@{self.phone.pbx[0]}:{self.phone.pbx[1]}>"
        headers = {"Contact": there, "Diversion": f"<sip:{self.phone.user}@{self.phone.host}>;reason=unconditional"}
        self.phone.reply(self._invite, 302, "Moved Temporarily", self, **headers)
        self.over("us", f"forwarded to {number}")

    async def hang_up(self) -> None:
        """End the call from here: CANCEL, BYE, or 603 for one that rings here."""
        if self.is_over.is_set():
            return
        if self.is_up.is_set():
            self.over("us", "hung up")
            await self._ask("BYE")
        elif self.outgoing:
            await self._cancel()
        else:
            await self.reject(603)

    async def hold(self) -> None:
        """Put the other side on hold."""
        self.note("pressed hold")
        await self._offer("sendonly")

    async def resume(self) -> None:
        """Take the other side back from hold."""
        self.note("took back from hold")
        await self._offer("sendrecv")

    async def press(self, digits: str, pause: float = 0.12) -> None:
        """Type digits, as SIP INFO."""
        self.note(f"typed {digits}")
        for digit in digits:
            await self._ask("INFO", f"Signal={digit}\r\nDuration=100\r\n", "application/dtmf-relay")
            await asyncio.sleep(pause)

    async def transfer(self, number: str) -> None:
        """Blind transfer: REFER. Returns when the PBX accepted it."""
        self.note(f"sent a REFER to {number}")
        await self._refer(f"<sip:{number}@{self.phone.pbx[0]}:{self.phone.pbx[1]}>")

    async def join(self, other: "Call") -> None:
        """Attended transfer: REFER with Replaces; whoever is here is given to whoever `other` is with."""
        replaces = (
            f"{other.id};to-tag={sip.parameter(other.remote, 'tag')};from-tag={sip.parameter(other.local, 'tag')}"
        )
        self.note(f"sent a REFER with Replaces to join {other.dialed or other.peer}")
        await self._refer(f"<{sip.address(other.remote).split(';')[0]}?Replaces={quote(replaces, safe='')}>")

    async def transferred(self) -> list[str]:
        """Wait for the last word on a transfer: the SIP status lines the PBX reported."""
        await self._soon(self._transfer_told, "told about its transfer")
        return self.referred

    async def speak(self, seconds: float) -> None:
        """Say something for `seconds`: a PCMU tone."""
        await self.mouth.speak(seconds)

    def stay_on_line(self) -> None:
        """Send silence when nobody speaks, as real phones do."""
        self.phone.soon(self.mouth.stay_open())

    # --- what the other end asks for ----------------------------------------------------------------

    def asked(self, request: Message) -> None:
        """A request inside this call."""
        match request.method:
            case "ACK":
                self._acknowledged.set()
            case "CANCEL":
                self.phone.reply(request, 200, "OK", self)
                if self._invite is not None and not self.is_up.is_set() and not self.is_over.is_set():
                    self.phone.reply(self._invite, 487, "Request Terminated", self)
                    self.over("them", "stopped ringing: " + (request.get("Reason") or "cancelled"))
            case "BYE":
                self.phone.reply(request, 200, "OK", self)
                self.over("them", "was hung up")
            case "INVITE" | "UPDATE":
                self.mouth.to = sip.media(request.body) or self.mouth.to
                body = self._session(_answer_to(request.body)) if request.body or request.method == "INVITE" else ""
                self.phone.reply(request, 200, "OK", self, body=body)
            case "NOTIFY":
                self._notified(request)
            case "REFER":
                self.phone.reply(request, 202, "Accepted", self)
            case _:
                self.phone.reply(request, 200, "OK", self)

    async def _told_to(self, event: str) -> None:
        """Desk phones can be remote-controlled: `talk` answers or takes back, `hold` holds."""
        if event == "hold":
            await self.hold()
        elif self.is_up.is_set():
            await self.resume()
        else:
            await self.answer()

    def _notified(self, request: Message) -> None:
        self.phone.reply(request, 200, "OK", self)
        if request.get("Event") in ("talk", "hold"):
            self.phone.soon(self._told_to(request.get("Event")))
        if "sipfrag" in request.get("Content-Type"):
            self.referred.append(request.body.split("\r\n")[0])
            if not self.referred[-1].startswith("SIP/2.0 1"):
                self._transfer_told.set()
            if self.referred[-1].startswith("SIP/2.0 2"):
                self.phone.soon(self.hang_up())


def _answer_to(offer: str) -> str:
    pairs = {"a=sendonly": "recvonly", "a=inactive": "inactive", "a=recvonly": "sendonly"}
    return next((answer for line, answer in pairs.items() if line in offer), "sendrecv")
