"""A SIP phone of our own: what people do with phones, as coroutines, over UDP on loopback.

    phone = await Phone.switched_on("101", pbx=("127.0.0.1", 5060), password="…")
    call = await phone.call("102")          # somewhere else: call = await other.rings()
    await call.answered()                   #                 await call.answer()
    await call.hang_up()                    #                 await call.ended()

A trunk is the same thing without a password: it does not register.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Coroutine

from tests.real import sip
from tests.real.conversation import PATIENCE, Call, Timeout
from tests.real.dialog import Dialog
from tests.real.sip import Message, token
from tests.real.sound import Ear


class Phone(asyncio.DatagramProtocol):
    """One device: one SIP socket, one sound socket, any number of calls."""

    def __init__(self, user: str, pbx: tuple[str, int], password: str | None, host: str, name: str) -> None:
        self.user, self.pbx, self.password, self.host, self.name = user, pbx, password, host, name
        self.port = self.sound_port = 0
        self._wire: asyncio.DatagramTransport
        self.sound: asyncio.DatagramTransport
        self.ear = Ear()
        self.diary: list[dict[str, object]] = []
        self.calls: dict[str, Call] = {}
        self.incoming: list[Call] = []
        self.reaction: Callable[[Call], Coroutine[None, None, None]] | None = None
        self._arrived = asyncio.Condition()
        self._waiting: dict[tuple[str, str], asyncio.Queue[Message]] = {}
        self._said: dict[tuple[str, str], bytes] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def switched_on(
        cls, user: str, pbx: tuple[str, int], password: str | None = None, host: str = "127.0.0.1", name: str = ""
    ) -> "Phone":
        """A phone that is on the network, registered if it has a password."""
        loop = asyncio.get_running_loop()
        phone = cls(user, pbx, password, host, name)
        phone._wire, _ = await loop.create_datagram_endpoint(lambda: phone, local_addr=(host, 0))
        phone.sound, _ = await loop.create_datagram_endpoint(lambda: phone.ear, local_addr=(host, 0))
        phone.port = phone._wire.get_extra_info("sockname")[1]
        phone.sound_port = phone.sound.get_extra_info("sockname")[1]
        if password is not None:
            await phone.register()
        return phone

    @property
    def contact(self) -> str:
        """This phone's own URI."""
        return f"sip:{self.user}@{self.host}:{self.port}"

    async def register(self, seconds: int = 3600) -> None:
        """Register for `seconds`; 0 takes the phone off."""
        target = f"sip:{self.pbx[0]}:{self.pbx[1]}"
        me = f"<sip:{self.user}@{self.pbx[0]}:{self.pbx[1]}>"
        headers = [
            ("From", f"{me};tag={token()}"), ("To", me), ("Call-ID", token()),
            ("Contact", f"<{self.contact}>"), ("Expires", str(seconds)),
        ]  # fmt: skip
        answer = await self.ask("REGISTER", target, headers, itertools.count(1))
        assert answer.status == 200, answer.start

    async def switch_off(self) -> None:
        """Take the phone off the network; calls that are up are hung up."""
        await self.hang_up_all()
        if self.password is not None:
            with contextlib.suppress(Timeout, AssertionError):
                await self.register(0)
        await self.unplug()

    async def hang_up_all(self) -> None:
        """End every call that is still on."""
        for call in list(self.calls.values()):
            await call.hang_up()

    def forget(self) -> None:
        """Be as new: no calls, nobody who rang, an empty diary."""
        self.calls.clear()
        self.incoming.clear()
        self.diary.clear()
        self.reaction = None

    async def unplug(self) -> None:
        """Pull the plug: nothing is said to anybody."""
        for task in self._tasks:
            task.cancel()
        self._wire.close()
        self.sound.close()

    async def call(
        self, number: str, *, shown: str | None = None, name: str | None = None, withheld: bool = False
    ) -> Call:
        """Dial `number`; `shown` is the number presented (the user's own otherwise)."""
        call = Call(self, token(), outgoing=True)
        host = f"{self.pbx[0]}:{self.pbx[1]}"
        call.target, call.peer, call.dialed = f"sip:{number}@{host}", number, number
        call.remote = f"<sip:{number}@{host}>"
        name = self.name if name is None else name
        who = "anonymous" if withheld else (shown or self.user)
        where = "anonymous.invalid" if withheld else host
        text = '"Anonymous" ' if withheld else (f'"{name}" ' if name else "")
        call.local = f"{text}<sip:{who}@{where}>;tag={token()}"
        self.calls[call.id] = call
        call.note(f"dialled {number} as {'withheld' if withheld else shown or self.user}")
        self.soon(call.invite())
        return call

    async def rings(self, number: str | None = None, patience: float = PATIENCE) -> Call:
        """The next call that rings here (dialled as `number`, where a trunk waits for a certain one)."""

        def found() -> Call | None:
            return next((call for call in self.incoming if number in (None, call.dialed)), None)

        try:
            async with asyncio.timeout(patience), self._arrived:
                await self._arrived.wait_for(lambda: found() is not None)
        except TimeoutError:
            raise Timeout(f"{self.user} was not rung ({number or 'any number'})") from None
        call = found()
        assert call is not None
        self.incoming.remove(call)
        return call

    def note(self, what: str, other: str, call: str) -> None:
        """Write down what happened on this phone, with whom, in which call, when (seconds of the epoch)."""
        at = round(time.time(), 3)
        self.diary.append({"at": at, "phone": self.user, "what": what, "with": other, "call": call})

    def soon(self, work: Coroutine[None, None, None]) -> None:
        """Let `work` go on beside; it ends with the phone."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- the wire ---------------------------------------------------------------------------------

    def send(self, message: Message | bytes) -> None:
        """Send to the PBX."""
        if not self._wire.is_closing():
            self._wire.sendto(message if isinstance(message, bytes) else message.encode(), self.pbx)

    def request(self, method: str, target: str, headers: list[tuple[str, str]], number: int) -> Message:
        """A new request of its own transaction."""
        via = f"SIP/2.0/UDP {self.host}:{self.port};rport;branch={sip.MAGIC}{token()}"
        return Message(
            f"{method} {target} SIP/2.0",
            [("Via", via), ("Max-Forwards", "70"), *headers, ("CSeq", f"{number} {method}"), ("User-Agent", "tests")],
        )

    async def ask(
        self, method: str, target: str, headers: list[tuple[str, str]], numbers: "itertools.count[int]", body: str = ""
    ) -> Message:
        """Send a request that is not an INVITE, answer a challenge, give the final response."""
        request = self.request(method, target, headers, next(numbers))
        request.body = body
        answer = await self._transact(request)
        if answer.status in (401, 407) and self.password is not None:
            challenge = self.credentials(answer, method, target)
            request = self.request(method, target, [*headers, challenge], next(numbers))
            request.body = body
            answer = await self._transact(request)
        return answer

    def credentials(self, answer: Message, method: str, target: str) -> tuple[str, str]:
        """The header that answers a 401 or 407."""
        ours, theirs = (
            ("Authorization", "WWW-Authenticate")
            if answer.status == 401
            else ("Proxy-Authorization", "Proxy-Authenticate")
        )
        return ours, sip.digest(answer.get(theirs), self.user, self.password or "", method, target)

    async def _transact(self, request: Message) -> Message:
        with self.answers(request) as answers:
            for pause in (0.5, 1, 2, 4, 4, 4):
                self.send(request)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        while (answer := await answers.get()).status < 200:
                            pass
                        return answer
        raise Timeout(f"{self.user}: no answer to {request.start}")

    @contextlib.contextmanager
    def answers(self, request: Message):  # noqa: ANN201
        """A queue of the responses to `request`, as long as it is wanted."""
        key = (request.branch, request.method)
        queue = self._waiting[key] = asyncio.Queue()
        try:
            yield queue
        finally:
            del self._waiting[key]

    def reply(self, request: Message, status: int, reason: str, call: Dialog | None = None, **more: str) -> None:
        """Answer `request`; the same bytes go out again if it is repeated."""
        headers = [("Via", via) for via in request.every("Via")]
        headers += [("Record-Route", route) for route in request.every("Record-Route")]
        to = request.get("To")
        if "tag=" not in to and status > 100:
            to = f"{to};tag={call.tag if call else token()}"
        headers += [("From", request.get("From")), ("To", to), ("Call-ID", request.get("Call-ID"))]
        headers += [("CSeq", request.get("CSeq"))]
        body = more.pop("body", "")
        headers += [(name.replace("_", "-"), value) for name, value in more.items()]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        if 100 < status < 300:
            headers.append(("Contact", f"<{self.contact}>"))
        data = Message(f"SIP/2.0 {status} {reason}", headers, body).encode()
        self._said[request.branch, request.method] = data
        self.send(data)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Whatever the PBX sent."""
        message = sip.read(data)
        if message is None:
            return
        if message.status:
            self._answered(message)
        elif said := self._said.get((message.branch, message.method)):
            self.send(said)
        else:
            self._asked(message)

    def _answered(self, answer: Message) -> None:
        waiting = self._waiting.get((answer.branch, answer.method))
        if waiting:
            waiting.put_nowait(answer)
        elif answer.method == "INVITE" and answer.status < 300 and (call := self.calls.get(answer.get("Call-ID"))):
            call.acknowledge(answer.number)

    def _asked(self, request: Message) -> None:
        call = self.calls.get(request.get("Call-ID"))
        if call is not None:
            call.asked(request)
        elif request.method == "INVITE":
            self.soon(self._invited(request))
        elif request.method in ("OPTIONS", "NOTIFY"):
            self.reply(request, 200, "OK")
        elif request.method != "ACK":
            self.reply(request, 481, "Call/Transaction Does Not Exist")

    async def _invited(self, request: Message) -> None:
        call = Call(self, request.get("Call-ID"), outgoing=False)
        call.invited(request)
        self.calls[call.id] = call
        self.reply(request, 100, "Trying")
        if self.reaction is not None:
            await self.reaction(call)
            return
        call.ring()
        async with self._arrived:
            self.incoming.append(call)
            self._arrived.notify_all()
