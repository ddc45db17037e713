"""One call as one of our test phones sees it: a SIP dialog and what a person can do in it."""

import asyncio
import itertools
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.real import sip
from tests.real.sip import Message, token
from tests.real.sound import Mouth

if TYPE_CHECKING:
    from tests.real.phone import Phone

REASONS = {
    404: "Not Found", 480: "Temporarily Unavailable", 486: "Busy Here",
    503: "Service Unavailable", 600: "Busy Everywhere", 603: "Decline",
}  # fmt: skip

PATIENCE = 15.0


class Timeout(AssertionError):  # noqa: N818
    """Something that should have happened on a phone did not."""


class Call:
    """One call on one phone.

    `status` is the last SIP status of a call made from here; `hung_up_by` is "us" or "them" once it is over.
    """

    def __init__(self, phone: "Phone", id: str, *, outgoing: bool) -> None:  # noqa: A002
        self.phone, self.id, self.outgoing = phone, id, outgoing
        self.tag = token()
        self.peer = self.dialed = self.target = self.local = self.remote = self.shown_name = ""
        self.status = 0
        self.hung_up_by: str | None = None
        self.referred: list[str] = []
        self.is_ringing, self.is_up, self.is_over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._transfer_told = asyncio.Event()
        self._numbers = itertools.count(1)
        self._versions = itertools.count(1)
        self._invite: Message | None = None
        self._acknowledged = asyncio.Event()
        self.mouth = Mouth(phone.sound)

    def note(self, what: str) -> None:
        """Write into the phone's diary what happened in this call."""
        self.phone.note(what, self.dialed if self.outgoing else self.peer, self.id)

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

    # --- the dialog ---------------------------------------------------------------------------------

    def _session(self, direction: str = "sendrecv") -> str:
        return sip.session(self.phone.host, self.phone.sound_port, next(self._versions), direction)

    def _headers(self) -> list[tuple[str, str]]:
        return [
            ("From", self.local), ("To", self.remote), ("Call-ID", self.id), ("Contact", f"<{self.phone.contact}>"),
            ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, REFER, UPDATE"),
            ("Supported", "replaces"),
        ]  # fmt: skip

    async def _ask(self, method: str, body: str = "", kind: str = "") -> Message:
        headers = self._headers() + ([("Content-Type", kind)] if body else [])
        return await self.phone.ask(method, self.target, headers, self._numbers, body)

    async def invite(self) -> None:
        """Set the call up, or offer another session in it."""
        await self._invite_with(self._session())

    async def _offer(self, direction: str) -> None:
        answer = await self._invite_with(self._session(direction))
        assert answer is not None, "no answer to a re-INVITE"
        assert answer.status == 200, answer.start

    async def _invite_with(self, body: str) -> Message | None:
        challenge: list[tuple[str, str]] = []
        while True:
            headers = [*self._headers(), *challenge, ("Content-Type", "application/sdp")]
            request = self.phone.request("INVITE", self.target, headers, next(self._numbers))
            request.body, self._invite = body, request
            answer = await self._progress(request)
            if answer is None or answer.status not in (401, 407) or challenge or self.phone.password is None:
                return answer
            challenge = [self.phone.credentials(answer, "INVITE", self.target)]

    async def _progress(self, request: Message) -> Message | None:
        with self.phone.answers(request) as answers:
            self.phone.send(request)
            while True:
                try:
                    async with asyncio.timeout(60 if self.status else 1):
                        answer = await answers.get()
                except TimeoutError:
                    self.phone.send(request)
                    continue
                self._heard(request, answer)
                if answer.status >= 200:
                    return answer

    def _heard(self, request: Message, answer: Message) -> None:
        self.status = answer.status
        if sip.parameter(answer.get("To"), "tag") and answer.status < 300:
            self.remote = answer.get("To")
        if answer.status in (180, 183):
            if not self.is_ringing.is_set() and not self.is_up.is_set():
                self.note("hears ringing")
            self.is_ringing.set()
        elif 200 <= answer.status < 300:
            self.target = sip.address(answer.get("Contact"))
            self.mouth.to = sip.media(answer.body) or self.mouth.to
            self.acknowledge(answer.number)
            if self.is_over.is_set():
                self.phone.soon(self._let_go())
            elif not self.is_up.is_set():
                self.note("was answered")
            self.is_up.set()
        elif answer.status >= 300:
            headers = [(name, value) for name, value in request.headers if name in ("Via", "From", "Call-ID")]
            headers += [("To", answer.get("To")), ("CSeq", f"{answer.number} ACK"), ("Max-Forwards", "70")]
            self.phone.send(Message(request.start.replace("INVITE", "ACK", 1), headers))
            if answer.status not in (401, 407) and not self.is_up.is_set():
                self.over("them", f"got {answer.start.removeprefix('SIP/2.0 ')}")

    def acknowledge(self, number: int) -> None:
        """ACK a 200 to our INVITE."""
        self.phone.send(self.phone.request("ACK", self.target, self._headers()[:3], number))

    async def _let_go(self) -> None:
        """The answer crossed our giving up: hang up what we gave up."""
        await self._ask("BYE")

    async def _cancel(self) -> None:
        assert self._invite is not None
        self.over("us", "gave up")
        request = self._invite
        headers = [(name, value) for name, value in request.headers if name in ("Via", "From", "To", "Call-ID")]
        headers += [("CSeq", f"{request.number} CANCEL"), ("Max-Forwards", "70")]
        await self.phone._transact(Message(request.start.replace("INVITE", "CANCEL", 1), headers))

    async def _refer(self, to: str) -> None:
        self.referred = []
        self._transfer_told.clear()
        headers = [*self._headers(), ("Refer-To", to), ("Referred-By", f"<{self.phone.contact}>")]
        answer = await self.phone.ask("REFER", self.target, headers, self._numbers)
        assert answer.status == 202, answer.start

    def invited(self, request: Message) -> None:
        """Take what a new INVITE says."""
        self._invite = request
        self.dialed = sip.user(request.start.split()[1])
        self.remote, self.local = request.get("From"), f"{request.get('To')};tag={self.tag}"
        self.peer, self.shown_name = sip.user(self.remote), sip.display(self.remote)
        self.target = sip.address(request.get("Contact"))
        self.mouth.to = sip.media(request.body)

    def ring(self) -> None:
        """Tell the caller that it rings here."""
        assert self._invite is not None
        self.phone.reply(self._invite, 180, "Ringing", self)
        self.is_ringing.set()
        self.note("rings")

    def over(self, by: str, how: str) -> None:
        """The call is over here."""
        if not self.is_over.is_set():
            self.hung_up_by = by
            self.mouth.shut()
            self.note(how)
            self.is_over.set()

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
