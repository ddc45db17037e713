"""The simulator's streams look like those of a real Asterisk 22: the same headers, in the same order."""

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from switchroom.simulators.pbx import SimulatedPbx
from switchroom.simulators.scenarios import STORIES, record

TRACES = Path(__file__).parents[1] / "traces"
STARTED = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
VARIABLES = ("CALL_ID", "RECFILE")
NOT_RECORDED = {
    "DTMFBegin",
    "DTMFEnd",
    "BridgeMerge",
    "LocalBridge",
    "MessageWaiting",
    "ParkedCall",
    "QueueCallerAbandon",
    "UnParkedCall",
}
"""Events that the recordings at hand do not show; the harness with a real Asterisk does."""
SHAPES_OF_ITS_OWN = {"TestEvent", "OriginateResponse"}
"""Their headers depend on what they are about."""


def headers_of(stream: bytes) -> dict[str, set[tuple[str, ...]]]:
    """The different lists of header names of every event in a stream, by the event's name.

    Without `Timestamp`: whoever recorded the stream may have put it in.
    """
    shapes: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for block in stream.partition(b"\r\n")[2].split(b"\r\n\r\n"):
        lines = block.strip(b"\r\n").decode().split("\r\n")
        if lines[0].startswith("Event: "):
            names = tuple(line.partition(":")[0] for line in lines if not line.startswith("Timestamp: "))
            shapes[lines[0].removeprefix("Event: ")].add(names)
    return shapes


@pytest.fixture(scope="module")
def real() -> dict[str, set[tuple[str, ...]]]:
    shapes: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for trace in sorted(TRACES.glob("*.ami")):
        for name, seen in headers_of(trace.read_bytes()).items():
            shapes[name] |= seen
    return shapes


def simulated(name: str, *, noise: bool = False) -> bytes:
    pbx = SimulatedPbx(started=STARTED, voicemail=("112",), channel_variables=VARIABLES, noise=noise)
    return record(name, pbx)


@pytest.mark.parametrize("story", STORIES)
def test_every_event_has_the_headers_a_real_asterisk_gives_it(
    story: str, real: dict[str, set[tuple[str, ...]]]
) -> None:
    for name, shapes in headers_of(simulated(story, noise=True)).items():
        if name not in SHAPES_OF_ITS_OWN | NOT_RECORDED:
            assert shapes <= real[name], name


def test_what_a_click_to_call_tells_is_shaped_as_the_real_answer(real: dict[str, set[tuple[str, ...]]]) -> None:
    def without_variables(shapes: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
        return {tuple(name for name in shape if not name.startswith("ChanVariable")) for shape in shapes}

    told = headers_of(simulated("click_to_call"))["OriginateResponse"]
    assert told
    assert without_variables(told) <= without_variables(real["OriginateResponse"])


@pytest.mark.parametrize("story", STORIES)
def test_a_story_sounds_the_same_every_time(story: str) -> None:
    assert simulated(story) == simulated(story)


@pytest.mark.parametrize("story", STORIES)
def test_no_channel_is_left_when_a_story_is_over(story: str) -> None:
    pbx = SimulatedPbx(started=STARTED, voicemail=("112",))
    record(story, pbx)
    assert not pbx.switch.channels
    assert all(phone.state == "NOT_INUSE" for phone in pbx.phones.values())


def test_a_noisy_call_is_as_long_as_a_real_one() -> None:
    stream = simulated("answered", noise=True)
    messages = stream.count(b"\r\n\r\n")
    assert 90 <= messages <= 130
    assert 40_000 <= len(stream) <= 65_000


def test_a_caller_name_goes_over_the_wire_as_one_line() -> None:
    pbx = SimulatedPbx(started=STARTED)
    with pbx.recorded() as stream:
        pbx.incoming("+79211234567", name="Иван\r\nAction: Logoff").hang_up()
    assert "CallerIDName: Иван  Action: Logoff\r\n" in stream.decode()
