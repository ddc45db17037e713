"""Seeded traffic on the simulated PBX for fault runs, and the PBX's own truth to hold the server against."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.calls import call_id
from switchroom.simulators.channels import UP
from switchroom.simulators.pbx import Absent, SimulatedCall, SimulatedPbx
from switchroom.simulators.phones import Habits
from tests.whole import until

CUSTOMERS = [f"+7921000{number:04}" for number in range(1, 101)]


class Traffic:
    """Customers call extensions, the ring group and queues; phones answer by themselves, callers hang up.

    `rate`: calls a second. 101 is left alone. `begun`: every call ever made, oldest first.
    """

    def __init__(self, pbx: SimulatedPbx, rate: float) -> None:
        self.pbx, self._pause = pbx, 1 / rate
        self.begun: list[SimulatedCall] = []
        for number, phone in enumerate(pbx.phones.values()):
            phone.habits = Habits(answers_after=0.1 + 0.07 * (number % 5), answers_own=0.1)

    async def run(self) -> None:
        """Make calls until cancelled."""
        places = [*self.pbx.phones, *self.pbx.plan.ring_groups, *self.pbx.switch.queues]
        places = [place for place in places if place not in ("101", "sales")]
        for turn in range(1_000_000):
            customer = CUSTOMERS[turn % len(CUSTOMERS)]
            call = self.pbx.incoming(customer, places[turn * 7 % len(places)])
            self.begun.append(call)
            patience = (0.05, 0.6, 1.5)[turn % 3]
            asyncio.get_running_loop().call_later(patience, _hang_up, call)
            await asyncio.sleep(self._pause)

    def ids(self) -> set[str]:
        """The ids of the records these calls must have."""
        return {call_id("main", call.linkedid) for call in self.begun}

    def live(self) -> dict[str, bool]:
        """The PBX's truth: calls that are up by id, and whether anybody of ours talks in each."""
        trunk = self.pbx.plan.trunk
        return {
            call_id("main", call.linkedid): any(
                channel.state == UP and channel.endpoint != trunk for channel in call._channels()
            )
            for call in self.pbx.calls()
        }


def _hang_up(call: SimulatedCall) -> None:
    if not call.over:
        try:
            call.hang_up()
        except Absent:
            return


@asynccontextmanager
async def traffic(pbx: SimulatedPbx, rate: float = 10.0) -> AsyncIterator[Traffic]:
    """Calls come as long as the block lasts; afterwards every one of them has ended."""
    begun = Traffic(pbx, rate)
    running = asyncio.create_task(begun.run())
    try:
        yield begun
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def calm() -> bool:
        return not pbx.switch.channels

    await until("every simulated call has ended", calm)
