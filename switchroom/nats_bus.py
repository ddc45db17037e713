"""The bus between processes: NATS core as fan-out, PostgreSQL stays the truth.

Every process publishes its news on one subject and hears the others'; a request is answered by the one process
whose role it is, at most once, within `PATIENCE` seconds: one that was heard and not answered may have been done.
Nothing is stored in NATS: whoever was away reads the state anew (a snapshot by request, the history from the
database).
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

import orjson
import structlog
from pydantic import TypeAdapter

from domain.events import News
from domain.problems import Problem, Unavailable
from switchroom.bus import Bus
from switchroom.starting import CannotStart

if TYPE_CHECKING:  # one process alone needs no client of NATS, and is up the sooner
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = structlog.get_logger()
NEWS = "switchroom.news"
PATIENCE = 3.0
FIRST = 10.0
"""Seconds a server of NATS that starts beside us may take."""
DOING = 12.0
"""Seconds for a request that does something: longer than a PBX is waited for, so that its own answer comes first."""
_adapters: dict[Any, TypeAdapter[Any]] = {}


def adapter(shape: Any) -> TypeAdapter[Any]:
    """The (cached) reader and writer of one shape."""
    if shape not in _adapters:
        _adapters[shape] = TypeAdapter(shape)
    return _adapters[shape]


KINDS: dict[str, type] = {kind.__name__: kind for kind in News.__args__}


def packed(news: News) -> bytes:
    """`news` as it travels: its kind, a space, its JSON."""
    kind = type(news)
    return kind.__name__.encode() + b" " + adapter(kind).dump_json(news)


def unpacked(data: bytes) -> News:
    """The inverse of `packed`; raises ValueError for what no version of ours could have sent."""
    kind, _, body = data.partition(b" ")
    if (shape := KINDS.get(kind.decode(errors="replace"))) is None:
        message = f"no event is called {kind!r}"
        raise ValueError(message)
    return adapter(shape).validate_json(body)


class NatsBus(Bus):
    """The in-process bus, and what the other processes published."""

    def __init__(self, client: "Client") -> None:
        super().__init__()
        self._client = client
        self._me = uuid.uuid4().hex.encode()
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()

    @classmethod
    async def connect(cls, url: str, doors: AsyncExitStack, *, patience: float = FIRST) -> Self:
        """Connect to the server at `url`, or raise CannotStart; from then on it reconnects by itself for ever."""
        from nats.aio.client import Client

        client = Client()
        options = {"max_reconnect_attempts": -1, "reconnect_time_wait": 0.5, "name": "switchroom"}
        try:
            async with asyncio.timeout(patience):
                await client.connect(url, error_cb=_complain, **options)
        except TimeoutError as error:
            await client.close()
            message = f"no NATS server took us in at the address of [bus] nats within {patience:g} s"
            if client.last_error is not None:
                message += f": {client.last_error}"
            raise CannotStart(message) from error
        doors.push_async_callback(client.drain)
        bus = cls(client)
        await client.subscribe(NEWS, cb=bus._heard)
        return bus

    def publish(self, news: News) -> None:
        """Tell our own readers at once and the other processes right after."""
        super().publish(news)
        self._outgoing.put_nowait(self._me + packed(news))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(super().run())
            tasks.create_task(self._send())

    async def answer(self, name: str, handler: Callable[..., Awaitable[Any]], asks: Any, gives: Any) -> None:
        """Let this process answer requests called `name`: arguments of shape `asks`, result of shape `gives`."""

        async def respond(message: "Msg") -> None:
            try:
                result = await handler(*adapter(asks).validate_json(message.data))
                await message.respond(b"+" + adapter(gives).dump_json(result))
            except Problem as problem:
                await message.respond(b"-" + _told(problem))
            except Exception:
                log.exception("a request from another process failed", request=name)
                await message.respond(b"-" + _told(Problem("The request failed.")))

        await self._client.subscribe(f"switchroom.ask.{name}", queue="switchroom", cb=respond)
        await self._client.flush()

    async def ask(self, name: str, asks: Any, gives: Any, *arguments: Any, patience: float = PATIENCE) -> Any:
        """Ask whoever answers `name`; raises the Problem it raised, Unavailable when nobody answers (in time)."""
        from nats.errors import NoRespondersError

        try:
            reply = await self._client.request(
                f"switchroom.ask.{name}", adapter(asks).dump_json(arguments), timeout=patience
            )
        except NoRespondersError as error:
            raise Unavailable("The telephony process does not answer.") from error
        except TimeoutError as error:
            detail = "The telephony process did not answer in time: look before you try again"
            raise Unavailable(detail, {"outcome": "unknown"}) from error
        if reply.data[:1] == b"+":
            return adapter(gives).validate_json(reply.data[1:])
        told = orjson.loads(reply.data[1:])
        raise _PROBLEMS.get(told["kind"], Problem)(told["detail"], told["extra"])

    async def _heard(self, message: "Msg") -> None:
        sender, data = message.data[: len(self._me)], message.data[len(self._me) :]
        if sender == self._me:
            return
        try:
            super().publish(unpacked(data))
        except ValueError:
            log.warning("news of another version were left out")

    async def _send(self) -> None:
        while True:
            await self._client.publish(NEWS, await self._outgoing.get())


async def _complain(error: Exception) -> None:
    log.warning("the NATS server is not well", reason=str(error) or type(error).__name__)


def _told(problem: Problem) -> bytes:
    return orjson.dumps({"kind": type(problem).__name__, "detail": problem.detail, "extra": problem.extra}, default=str)


_PROBLEMS: dict[str, type[Problem]] = {kind.__name__: kind for kind in Problem.__subclasses__()}
