"""The limit the AMI link is held against: how many events one real Asterisk 22 sends when it can do no more."""

import asyncio
import time

from tests.real.asterisk import SECRET, USERNAME, Asterisk

CALLS = 300
"""How many calls are kept up: each that ends is followed by another."""

SECONDS = 8.0
MENU = "84951234570"

_LOGIN = f"Action: Login\r\nUsername: {USERNAME}\r\nSecret: {SECRET}\r\nEvents: on\r\n\r\n"
_CALL = (
    f"Action: Originate\r\nChannel: Local/{MENU}@from-trunk/n\r\nApplication: Wait\r\nData: 1\r\nAsync: true\r\n"
    "CallerID: 89161234567\r\n\r\n"
)


async def limit() -> float:
    """Events a second of a PBX whose calls, a second long, come as fast as it takes them."""
    async with Asterisk("22") as pbx:
        reader, writer = await asyncio.open_connection(pbx.host, pbx.port)
        writer.write((_LOGIN + _CALL * CALLS).encode())
        await _events(reader, writer, SECONDS / 2)
        began = time.perf_counter()
        events = await _events(reader, writer, SECONDS)
        rate = events / (time.perf_counter() - began)
        writer.close()
    return rate


async def _events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> int:
    """How many come in that time; a new call for each that ended."""
    events, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        data = await reader.read(1 << 18)
        events += data.count(b"\r\n\r\n")
        writer.write(_CALL.encode() * data.count(b"Event: OriginateResponse\r\n"))
    return events
