"""A real Asterisk for whoever asks: `pbx` (22 and 16 in turn), `asterisk22`, `asterisk16`.

`stage` is where stories are played on it, `told` is our own telephony connected to it.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.real import debs
from tests.real.asterisk import Asterisk
from tests.real.listening import Listening, listening
from tests.real.recorder import Recorder
from tests.real.stage import EXTENSIONS, Stage

HOW = "run `python -m tests.real.debs` on a Debian with a package mirror to fetch it"


class Rack:
    """The Asterisks of a test run, each started when it is first asked for."""

    def __init__(self, kept: AsyncExitStack) -> None:
        self._kept = kept
        self._running: dict[str, Asterisk] = {}

    async def get(self, version: str) -> Asterisk:
        """Asterisk `version`, its phones registered, no call on."""
        if version not in self._running:
            asterisk = await asyncio.to_thread(_fetched, version)
            self._running[version] = await self._kept.enter_async_context(asterisk)
            for extension in EXTENSIONS:
                await self._running[version].phone(extension)
        pbx = self._running[version]
        await pbx.calm()
        return pbx


def _fetched(version: str) -> Asterisk:
    try:
        return Asterisk(version, system="" if version == "16" else f"pbx{version}")
    except debs.NotToBeHad as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"Asterisk {version} is not to be had here: {reason}; {HOW}")


@pytest.fixture(scope="session")
async def rack() -> AsyncIterator[Rack]:
    """All the Asterisks of this run; they end with it."""
    async with AsyncExitStack() as kept:
        yield Rack(kept)


@pytest.fixture
async def asterisk22(rack: Rack) -> Asterisk:
    """Asterisk 22 with phones 101–106 and 201, two trunks and the dialplan of `etc/extensions.conf`."""
    return await rack.get("22")


@pytest.fixture
async def asterisk16(rack: Rack) -> Asterisk:
    """The same on Asterisk 16."""
    return await rack.get("16")


@pytest.fixture(params=["22", "16"])
async def pbx(request: pytest.FixtureRequest, rack: Rack) -> AsyncIterator[Asterisk]:
    """Each Asterisk in turn, calm: `.host .port .username .secret`, `await .phone("101")`, `.trunk`."""
    asterisk = await rack.get(request.param)
    yield asterisk
    await asterisk.calm()


@pytest.fixture
async def stage(pbx: Asterisk) -> AsyncIterator[Stage]:
    """The people of a story on `pbx`, with an AMI session of their own."""
    people = Stage(pbx, Recorder())
    await people.connect(snapshot=False)
    yield people
    await people.ami.close()


@pytest.fixture
async def told(pbx: Asterisk) -> AsyncIterator[Listening]:
    """Our telephony, connected to `pbx`."""
    async with listening(pbx) as listener:
        yield listener
