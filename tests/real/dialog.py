"""The SIP dialog of one call: what its two ends say to each other, without what people make of it."""

import asyncio
import itertools
from typing import TYPE_CHECKING

from tests.real import sip
from tests.real.sip import Message, token
from tests.real.sound import Mouth

if TYPE_CHECKING:
    from tests.real.phone import Phone


class Dialog:
    """One end of a call: how it is set up, offered anew, given up, handed over.

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
