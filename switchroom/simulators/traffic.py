"""A lively but calm stream of calls for the demo: seeded, so that every demo tells the same story."""

from collections.abc import Callable, Sequence
from random import Random

from switchroom.simulators import dialing
from switchroom.simulators.channels import UP
from switchroom.simulators.pbx import Habits, SimulatedCall, SimulatedPbx

FIRST_CALL_SECONDS = 4.0
AGENT_CALL_SECONDS = 40.0
PATIENCE_SECONDS = 45.0
REASONS_TO_FAIL = ("busy", "rejected")


class RandomTraffic:
    """Customers call, colleagues talk, as long as the PBX's time flows.

    `rate` is calls per minute beside those for `agent`, who gets the first one within ten seconds, from the
    first customer, and another about 40 s after the last ended. Whoever is not `agent` answers by himself.
    """

    def __init__(
        self,
        pbx: SimulatedPbx,
        rate: float,
        customers: Sequence[tuple[str, str]],
        seed: int = 1,
        agent: str | None = "101",
    ) -> None:
        self._pbx = pbx
        self._pause = 60.0 / rate if rate else 0.0
        self._customers = customers
        self._random = Random(seed)  # noqa: S311 - repeatable on purpose
        self._agent = agent
        self._turn = 0
        self._on = False

    def start(self) -> None:
        """Begin: from now on calls come by themselves."""
        self._on = True
        for extension, phone in self._pbx.phones.items():
            if extension != self._agent:
                phone.habits = Habits(answers_after=self._random.uniform(2.0, 7.0), answers_own=1.0)
        self._pbx.outside.habits = Habits(answers_after=3.0)
        self._pbx.clock.sync()
        if self._agent is not None:
            self._after(FIRST_CALL_SECONDS, self._call_agent)
        if self._pause:
            self._after(self._pause / 2, self._call_somebody)

    def stop(self) -> None:
        """No new calls; those that are up end by themselves."""
        self._on = False

    def _after(self, seconds: float, step: Callable[[], None]) -> None:
        def unless_stopped() -> None:
            if self._on:
                step()

        self._pbx.clock.after(seconds, unless_stopped)

    def _customer(self) -> tuple[str, str]:
        customer = self._customers[self._turn % len(self._customers)]
        self._turn += 1
        return customer

    def _call_agent(self) -> None:
        agent = self._agent or ""
        if self._pbx.phones[agent].channels:
            self._after(5.0, self._call_agent)
            return
        number, name = self._customer()
        to = "sales" if self._turn % 4 == 0 else agent
        self._watch(self._pbx.incoming(number, to, name), self._random.uniform(90.0, 240.0))
        self._after(AGENT_CALL_SECONDS * self._random.uniform(0.8, 1.3), self._when_agent_is_idle)

    def _when_agent_is_idle(self) -> None:
        if self._pbx.phones[self._agent or ""].channels:
            self._after(AGENT_CALL_SECONDS / 2, self._when_agent_is_idle)
        else:
            self._call_agent()

    def _call_somebody(self) -> None:
        self._after(self._random.expovariate(1.0 / self._pause), self._call_somebody)
        idle = [extension for extension in self._pbx.phones if self._is_free(extension)]
        if len(idle) < 3:
            return
        story = self._random.choice((self._inbound, self._inbound, self._internal, self._outbound, self._group))
        call = story(idle)
        self._watch(call, self._random.uniform(15.0, 70.0))

    def _is_free(self, extension: str) -> bool:
        return extension != self._agent and self._pbx.phones[extension].state == "NOT_INUSE"

    def _inbound(self, idle: list[str]) -> SimulatedCall:
        number, name = self._customer()
        return self._pbx.incoming(number, self._random.choice(idle), name)

    def _internal(self, idle: list[str]) -> SimulatedCall:
        caller, callee = self._random.sample(idle, 2)
        return self._pbx.internal(caller, callee)

    def _outbound(self, idle: list[str]) -> SimulatedCall:
        number, _ = self._customer()
        return self._pbx.internal(self._random.choice(idle), number)

    def _group(self, _: list[str]) -> SimulatedCall:
        number, name = self._customer()
        places = [*self._pbx.plan.ring_groups, *(queue for queue in self._pbx.switch.queues if queue != "sales")]
        return self._pbx.incoming(number, self._random.choice(places or list(self._pbx.phones)), name)

    def _watch(self, call: SimulatedCall, talk: float) -> None:
        """Whoever called hangs up after `talk` seconds of talk, or when nobody answers for too long."""
        waited = 0.0

        def look() -> None:
            nonlocal waited
            if call.over:
                return
            waited += 1.0
            talking = call.channel.state == UP and call.channel.waiting is None
            if waited > (talk + PATIENCE_SECONDS if talking else PATIENCE_SECONDS) or (talking and waited > talk):
                dialing.hang_up(self._pbx.switch, call.channel)
                self._pbx.switch.settle()
                return
            self._pbx.clock.after(1.0, look)

        self._pbx.clock.after(1.0, look)
