"""Whatever Asterisk says, in whatever order, cut and repeated: the tracker never fails and never keeps a ghost."""

from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.settings import Pbx
from domain.calls import Call
from domain.events import CallChanged, CallEnded, CallMerged, News
from domain.phone import to_phone
from domain.record import record
from telephony.exchange import HEARD, Exchange
from telephony.stream import AmiStream

TRACES = sorted((Path(__file__).parents[1] / "traces").glob("*.ami"))
Message = dict[str, str]
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def exchange() -> Exchange:
    pbx = Pbx(name="main", username="x", secret="x", trunks=("PJSIP/trunk*", "SIP/trunk*"))
    return Exchange(pbx, lambda typed: to_phone(typed, "RU", "495"))


@cache
def messages(trace: Path) -> tuple[Message, ...]:
    return tuple(AmiStream(HEARD).receive(trace.read_bytes()))


def told(pbx: Exchange, events: list[Message]) -> list[News]:
    return [news for event in events for news in pbx.receive(dict(event))]


def all_gone(pbx: Exchange, events: list[Message]) -> list[News]:
    """Every channel that was ever named hangs up, and a moment passes."""
    names = {}
    for event in events:
        for key, uniqueid in event.items():
            if key.endswith("Uniqueid") and "Bridge" not in key:
                names[uniqueid] = event.get(key.removesuffix("Uniqueid") + "Channel", "")
    hangups = [{"Event": "Hangup", "Uniqueid": u, "Channel": c, "Cause": "16"} for u, c in names.items()]
    return [*told(pbx, hangups), *pbx.finish()]


def left(pbx: Exchange) -> dict[str, int]:
    """What the tracker still keeps, by name; empty when it keeps nothing."""
    tracker = pbx._tracker
    switch = tracker.switch
    kept = {
        "calls": len(pbx.calls()),
        "stories": len(tracker.stories),
        "stories by channel": len(tracker.story_of),
        "touched": len(tracker.touched),
        "unheard": int(tracker.unheard is not None),
        "channels": len(switch.channels),
        "names": len(switch.by_name),
        "bridges": len(switch.bridges),
        "phones": len(switch.by_extension),
    }
    return {name: count for name, count in kept.items() if count}


@st.composite
def distorted(draw: st.DrawFn) -> list[Message]:
    """One or two recordings, cut, with events lost, repeated and moved."""
    events: list[Message] = []
    for trace in draw(st.lists(st.sampled_from(TRACES), min_size=1, max_size=2)):
        whole = messages(trace)
        first = draw(st.integers(0, len(whole) - 1))
        events += whole[first : draw(st.integers(first, len(whole)))]
    if not events:
        return events
    place = st.integers(0, len(events) - 1)
    for index, target in draw(st.lists(st.tuples(place, place), max_size=40)):
        match draw(st.sampled_from(("repeat", "move", "lose"))):
            case "repeat":
                events.insert(target, events[index % len(events)])
            case "move":
                events.insert(target, events.pop(index % len(events)))
            case _ if len(events) > 1:
                events.pop(index % len(events))
            case _:
                pass
    return events


@MANY
@given(distorted())
def test_no_stream_however_broken_raises_or_leaks(events: list[Message]) -> None:
    pbx = exchange()
    told(pbx, events)
    for call in pbx.calls():
        record(call)
    all_gone(pbx, events)
    assert left(pbx) == {}


@MANY
@given(distorted())
def test_each_call_is_told_as_a_chain_and_ends_once(events: list[Message]) -> None:
    pbx = exchange()
    last: dict[str, Call] = {}
    over: set[str] = set()
    for news in [*told(pbx, events), *all_gone(pbx, events)]:
        match news:
            case CallChanged():
                assert news.after.id not in over
                assert news.before == last.get(news.after.id)
                last[news.after.id] = news.after
            case CallEnded():
                assert last[news.call.id] == news.call
                over.add(news.call.id)
            case CallMerged():
                over.add(news.call.id)
            case _:
                pass
    assert set(last) == over


HEADER = st.sampled_from(
    [
        "Channel",
        "Uniqueid",
        "Linkedid",
        "DestChannel",
        "DestUniqueid",
        "DestLinkedid",
        "DialStatus",
        "BridgeUniqueid",
        "Timestamp",
        "Queue",
        "ParkeeChannel",
        "ParkeeUniqueid",
        "Exten",
        "Cause",
        "TransfererUniqueid",
        "TransfererChannel",
        "OrigTransfererUniqueid",
        "OrigTransfererChannel",
        "SecondTransfererUniqueid",
        "SecondTransfererChannel",
        "TargetUniqueid",
        "TargetChannel",
        "LocalOneUniqueid",
        "LocalOneChannel",
        "LocalTwoUniqueid",
        "LocalTwoChannel",
        "ChannelStateDesc",
        "Newname",
        "Conference",
        "Device",
        "State",
        "Hint",
        "Status",
        "Mailbox",
        "Waiting",
        "Uptime",
        "Interface",
        "Forward",
        "CallerIDNum",
    ]
)
VALUE = st.sampled_from(
    [
        "1.1",
        "1.2",
        "1.3",
        "2.4",
        "PJSIP/101-1",
        "PJSIP/102-2",
        "PJSIP/trunk-3",
        "Local/9@c-1;1",
        "Local/9@c-1;2",
        "ANSWER",
        "BUSY",
        "NOANSWER",
        "CANCEL",
        "Ringing",
        "Up",
        "Ring",
        "Down",
        "101",
        "s",
        "*8",
        "16",
        "17",
        "21",
        "0",
        "1795345155.5",
        "nan",
        "inf",
        "x",
        "b1",
        "b2",
    ]
) | st.text(max_size=5)


@MANY
@given(
    st.lists(
        st.builds(
            lambda e, h: h | {"Event": e}, st.sampled_from(sorted(HEARD)), st.dictionaries(HEADER, VALUE, max_size=12)
        ),
        max_size=60,
    )
)
def test_events_made_of_nonsense_do_no_harm(events: list[Any]) -> None:
    pbx = exchange()
    told(pbx, events)
    all_gone(pbx, events)
    assert left(pbx) == {}
