"""An AMI client for tests that keeps every byte: what Asterisk said, to be replayed later.

It is a second, simple reading of AMI beside the product's own, so that one can be judged by the other.
"""

import asyncio
import itertools
from collections.abc import Callable

Said = dict[str, str]
SNAPSHOT = (
    ("CoreSettings", "CoreSettings"), ("CoreStatus", "CoreStatus"),
    ("CoreShowChannels", "CoreShowChannelsComplete"), ("QueueStatus", "QueueStatusComplete"),
    ("DeviceStateList", "DeviceStateListComplete"), ("ExtensionStateList", "ExtensionStateListComplete"),
)  # fmt: skip


class Recorder:
    """One AMI session. `data` is the raw stream so far, `said` the same as messages."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.said: list[Said] = []
        self.sent: list[str] = []
        self._rest = b""
        self._numbers = itertools.count(1)
        self._news = asyncio.Condition()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def logged_in(cls, host: str, port: int, username: str, secret: str) -> "Recorder":
        """A session that is logged in to a PBX that is fully booted."""
        recorder = cls()
        recorder._reader, recorder._writer = await asyncio.open_connection(host, port)
        recorder._reading = asyncio.create_task(recorder._read())
        await recorder.act("Login", Username=username, Secret=secret)
        await recorder.until(lambda said: said.get("Event") == "FullyBooted")
        return recorder

    async def _read(self) -> None:
        while data := await self._reader.read(65536):
            self.data += data
            *whole, self._rest = (self._rest + data).split(b"\r\n\r\n")
            async with self._news:
                self.said += [_message(block) for block in whole]
                self._news.notify_all()
        async with self._news:
            self.said.append({"Event": "EndOfStream"})
            self._news.notify_all()

    async def act(self, action: str, **headers: str) -> Said:
        """Send an action; give its response, which must not be an error."""
        number = f"tests-{next(self._numbers)}"
        lines = [f"Action: {action}", f"ActionID: {number}", *(f"{name}: {value}" for name, value in headers.items())]
        if action != "Login":
            self.sent.append("; ".join(lines))
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = await self.until(lambda said: "Response" in said and said.get("ActionID") == number)
        assert answer["Response"] != "Error", answer
        return answer

    async def until(self, wanted: Callable[[Said], bool], patience: float = 30.0, since: int = 0) -> Said:
        """The first message, from `since` on, that is `wanted`; waits for it."""

        def found() -> Said | None:
            return next((said for said in self.said[since:] if wanted(said)), None)

        async with asyncio.timeout(patience), self._news:
            await self._news.wait_for(lambda: found() is not None)
        answer = found()
        assert answer is not None
        return answer

    async def event(self, name: str, since: int = 0, **fields: str) -> Said:
        """The first event `name`, from message `since` on, whose fields start like those given."""

        def wanted(said: Said) -> bool:
            return said.get("Event") == name and all(
                said.get(key, "").startswith(value) for key, value in fields.items()
            )

        return await self.until(wanted, since=since)

    async def snapshot(self) -> None:
        """Ask for all the state there is, as a client does right after it connected."""
        for action, end in SNAPSHOT:
            since = len(self.said)
            await self.act(action)
            if end != action:
                await self.event(end, since)

    def channel(self, endpoint: str) -> str:
        """The newest channel of `endpoint` ("PJSIP/101") that is not hung up."""
        gone = {said["Uniqueid"] for said in self.said if said.get("Event") == "Hangup"}
        names = {
            said["Uniqueid"]: said["Channel"]
            for said in self.said
            if said.get("Event") in ("Newchannel", "CoreShowChannel") and said["Channel"].startswith(f"{endpoint}-")
        }
        return next(name for unique, name in reversed(names.items()) if unique not in gone)

    async def calm(self) -> None:
        """Wait until every channel is gone."""
        while (await self.act("CoreStatus")).get("CoreCurrentCalls") != "0" or await self._channels():  # noqa: ASYNC110
            await asyncio.sleep(0.1)

    async def _channels(self) -> int:
        since = len(self.said)
        await self.act("CoreShowChannels")
        return int((await self.event("CoreShowChannelsComplete", since))["ListItems"])

    async def close(self, goodbye: bool = True) -> None:
        """End the session: Logoff, or just drop the line."""
        if goodbye and not self._writer.is_closing():
            self._writer.write(b"Action: Logoff\r\n\r\n")
            if self._reading is not None:
                await asyncio.wait([self._reading], timeout=5)
        self._writer.close()
        if self._reading is not None:
            self._reading.cancel()


def _message(block: bytes) -> Said:
    lines = block.decode("utf-8", "surrogateescape").split("\r\n")
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}
