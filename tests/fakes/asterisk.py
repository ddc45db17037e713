"""A small Asterisk manager interface on a real socket, for what a real one will not do on demand: freeze,
break off in mid-word, refuse, answer late or not at all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Heard = dict[str, str]
Answer = Callable[[Heard], bytes | None]


def spoken(**headers: str) -> bytes:
    """One message as Asterisk writes it; `Event` or `Response` first."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n"


def success(action: Heard, **more: str) -> bytes:
    """The plain good answer to `action`."""
    return spoken(Response="Success", ActionID=action["ActionID"], **more)


def listing(action: Heard, *events: bytes) -> bytes:
    """A list: its start, its `events`, its end."""
    item_id = f"\r\nActionID: {action['ActionID']}\r\n\r\n".encode()
    items = b"".join(event.removesuffix(b"\r\n\r\n") + item_id for event in events)
    end = spoken(Event=f"{action['Action']}Complete", EventList="Complete", ActionID=action["ActionID"])
    return success(action, EventList="start") + items + end


@dataclass(kw_only=True)
class FakeAsterisk:
    """What it heard, and how it answers; `port` once it is up."""

    secret: str = "right"
    boots: bool = True
    frozen: bool = False
    clock: float = 1_800_000_000.0
    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    log_ins: int = 0

    def heard_actions(self, name: str) -> list[Heard]:
        """Every action of that name, over all connections."""
        return [action for action in self.heard if action.get("Action") == name]

    def say(self, *messages: bytes) -> None:
        """Write to whoever is logged in."""
        self.writers[-1].write(b"".join(messages))

    def hang_up_on_everybody(self) -> None:
        """Break every connection off."""
        for writer in self.writers:
            writer.transport.abort()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: banner, then an answer to each action."""
        self.writers.append(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        action: Heard = {}
        try:
            while line := await reader.readline():
                self.lines.append(line)
                if line.strip():
                    name, _, value = line.decode().rstrip("\r\n").partition(": ")
                    action[name] = value
                    continue
                self.heard.append(action)
                if not self.frozen and (answer := self.answer(action)):
                    writer.write(answer)
                if action.get("Action") == "Login" and action.get("Secret") != self.secret:
                    break
                action = {}
        except ConnectionError:
            pass
        finally:
            writer.close()

    def answer(self, action: Heard) -> bytes | None:
        """What Asterisk says to `action`."""
        name = action.get("Action", "")
        if name in self.answers:
            return self.answers[name](action)
        match name:
            case "Login" if action.get("Secret") != self.secret:
                return spoken(Response="Error", ActionID=action["ActionID"], Message="Authentication failed")
            case "Login":
                self.log_ins += 1
                booted = spoken(Event="FullyBooted", Status="Fully Booted") if self.boots else b""
                return success(action, Message="Authentication accepted") + booted
            case "Ping":
                return success(action, Ping="Pong", Timestamp=f"{self.clock:.6f}")
            case "CoreSettings":
                return success(action, AMIversion="11.0.0", AsteriskVersion="22.10.1+dfsg")
            case "CoreShowChannels" | "Status" | "BridgeList" | "ParkedCalls" | "QueueStatus":
                return listing(action)
            case "DeviceStateList" | "ExtensionStateList" | "PJSIPShowEndpoints":
                return listing(action)
            case _:
                return success(action)


@asynccontextmanager
async def fake_asterisk(asterisk: FakeAsterisk | None = None) -> AsyncIterator[FakeAsterisk]:
    """An Asterisk that listens on a free port of 127.0.0.1."""
    asterisk = asterisk or FakeAsterisk()
    server = await asyncio.start_server(asterisk.converse, "127.0.0.1", asterisk.port)
    asterisk.port = server.sockets[0].getsockname()[1]
    try:
        yield asterisk
    finally:
        server.close()
        asterisk.hang_up_on_everybody()
        await server.wait_closed()
