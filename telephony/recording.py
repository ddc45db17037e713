"""`switchroom record`: keep a PBX's raw AMI stream in a file, for `replay` here and elsewhere."""

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import BinaryIO

from config.settings import Pbx
from telephony.actions import RESYNC
from telephony.ami import Timing, retries
from telephony.redaction import Redaction
from telephony.session import Refused, Session
from telephony.stream import Message


class Recorder:
    """One recording: everything a PBX says on as many connections as it takes, in one file."""

    def __init__(self, pbx: Pbx, file: BinaryIO, *, anonymise: bool, timing: Timing | None = None) -> None:
        self._pbx, self._file, self._anonymise = pbx, file, anonymise
        self._timing = timing or Timing()
        self._session: Session | None = None
        self._redaction = Redaction(anonymise=anonymise)
        self.messages = 0
        self._said = ""

    async def run(self) -> None:
        """Record until cancelled; raises Refused where the PBX does not let us in."""
        waits = retries(self._timing)
        while True:
            try:
                await self._connection()
                self.tell(f"{self._pbx.name}: the PBX closed the connection; trying again")
            except (OSError, TimeoutError) as error:
                self.tell(
                    f"{self._pbx.name}: no connection to {self._pbx.host}:{self._pbx.port} ({error}); trying again"
                )
            await asyncio.sleep(next(waits))

    def tell(self, text: str) -> None:
        """Say it on stderr, once while it stays the same."""
        if text != self._said:
            sys.stderr.write(f"\n{text}\n")
            self._said = text

    async def _connection(self) -> None:
        pbx = self._pbx
        session = self._session = Session(
            name=pbx.name,
            host=pbx.host,
            port=pbx.port,
            username=pbx.username,
            secret=pbx.secret.get_secret_value(),
            hear=self._count,
            wanted=None,
            ping_every=self._timing.ping,
            tap=self._keep,
        )
        try:
            await session.open(patience=self._timing.connect)
            for name in RESYNC:
                await session.ask({"Action": name}, patience=self._timing.listing)
            await session.gone
        finally:
            session.close()

    def _keep(self, data: bytes) -> None:
        offset = self._session.clock_offset if self._session is not None else None
        self._file.write(self._redaction.receive(data, time.time() + (offset or 0.0)))

    def _count(self, message: Message, read_at: float) -> None:
        self.messages += 1


async def record(pbx: Pbx, to: Path, *, anonymise: bool) -> int:
    """Record `pbx` into `to` until Ctrl-C or SIGTERM; the exit status: 0, or 1 where the log-in was refused."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    with to.open("xb", buffering=0) as file:
        recorder = Recorder(pbx, file, anonymise=anonymise)
        running = asyncio.create_task(recorder.run())
        watching = asyncio.create_task(_show(recorder))
        ending = asyncio.create_task(stopped.wait())
        await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
        for task in (running, watching, ending):
            task.cancel()
        results = await asyncio.gather(running, watching, ending, return_exceptions=True)
    match results[0]:
        case Refused() as refusal:
            sys.stderr.write(f"\n{pbx.name}: the PBX refused the log-in: {refusal}\n")
            return 1
        case BaseException() as fault if not isinstance(fault, asyncio.CancelledError):
            raise fault
        case _:
            sys.stderr.write(f"\n{recorder.messages} messages in {to}\n")
            return 0


async def _show(recorder: Recorder) -> None:
    """Say on a terminal that it goes on."""
    while sys.stderr.isatty():
        sys.stderr.write(f"\r{recorder.messages} messages; Ctrl-C ends the recording ")
        sys.stderr.flush()
        await asyncio.sleep(0.5)
