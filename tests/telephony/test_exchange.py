"""One PBX as its users see it: who takes part, by which channel, and what a lost link does to it."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from config.settings import Pbx
from domain.events import CallChanged, CallEnded, News, PresenceChanged
from domain.phone import to_phone
from telephony.exchange import HEARD, Exchange
from telephony.stream import AmiStream

TRACES = Path(__file__).parents[1] / "traces"


def exchange() -> Exchange:
    pbx = Pbx(name="main", username="x", secret="x", trunks=("PJSIP/trunk*",))
    return Exchange(pbx, lambda typed: to_phone(typed, "RU", "495"), lambda extension: f"user {extension}")


def play(pbx: Exchange, trace: str, until: str = "", times: int = 1) -> list[News]:
    """Play a recording until the named event has come `times` times."""
    told: list[News] = []
    for message in AmiStream(HEARD).receive((TRACES / f"{trace}.ami").read_bytes()):
        told += pbx.receive(message)
        times -= message.get("Event") == until
        if times == 0:
            break
    return told


def states(told: Iterable[News], extension: str) -> list[str]:
    """What `extension` was shown of its calls: its state at each change, "gone" when it lost the call."""
    seen: list[str] = []
    for news in told:
        if isinstance(news, CallChanged):
            party = news.after.party(extension)
            before = news.before.party(extension) if news.before is not None else None
            if party is not None and (not seen or seen[-1] != party.state):
                seen.append(party.state)
            if party is None and before is not None:
                seen.append("gone")
    return seen


def test_a_ringing_phone_is_told_at_once_and_its_channel_is_known() -> None:
    pbx = exchange()
    play(pbx, "a_inbound_caller_hangup", until="DialState")
    (call,) = pbx.calls()
    assert [(party.extension, party.state) for party in call.parties] == [("101", "ringing")]
    channel, peer = pbx.channel_of(call.id, "101"), pbx.peer_channel_of(call.id, "101")
    assert channel is not None
    assert channel.startswith("PJSIP/101-")
    assert peer is not None
    assert peer.startswith("PJSIP/trunk-")
    assert pbx.channel_of(call.id, "102") is None


def test_who_lost_the_race_loses_the_call_while_it_lives() -> None:
    told = play(exchange(), "h_ring_group")
    assert states(told, "101") == ["ringing", "gone"]
    assert states(told, "102") == ["ringing", "talking", "gone"]


def test_who_transferred_the_call_loses_it_while_it_lives() -> None:
    assert states(play(exchange(), "d_blind_transfer"), "101") == ["ringing", "talking", "gone"]


def test_who_pressed_hold_sees_the_call_held() -> None:
    assert states(play(exchange(), "j_hold_unhold"), "101") == [
        "ringing", "talking", "held", "talking", "held", "talking", "gone",
    ]  # fmt: skip


def test_a_call_ends_once_and_its_user_has_the_name_we_know() -> None:
    told = play(exchange(), "k_presence")
    (ended,) = [news.call for news in told if isinstance(news, CallEnded)]
    assert (ended.caller.name, ended.caller.number) == ("user 104", "104")


def test_a_lost_link_ends_nothing_by_itself() -> None:
    pbx = exchange()
    play(pbx, "a_inbound_caller_hangup", until="BridgeEnter", times=2)
    assert pbx.clock is not None
    assert pbx.lost(pbx.clock, "no answer to pings") == []
    assert [call.state for call in pbx.calls()] == ["talking"]


def test_a_call_that_ended_while_the_link_was_lost_is_closed_with_what_is_known() -> None:
    pbx = exchange()
    play(pbx, "a_inbound_caller_hangup", until="BridgeEnter", times=2)
    seen = pbx.clock
    assert seen is not None
    pbx.lost(seen, "no answer to pings")
    pbx.resync_began()
    told = pbx.resync_ended(seen + timedelta(minutes=1))
    (ended,) = [news.call for news in told if isinstance(news, CallEnded)]
    assert (ended.ended_by, ended.complete, ended.ended_at, ended.outcome) == ("lost", False, seen, "answered")
    assert [news.after.state for news in told if isinstance(news, PresenceChanged)] == ["idle"]
    assert pbx.calls() == ()


def test_a_call_still_up_after_the_link_was_lost_goes_on() -> None:
    pbx = exchange()
    play(pbx, "a_inbound_caller_hangup", until="BridgeEnter", times=2)
    seen = pbx.clock
    assert seen is not None
    pbx.lost(seen, "no answer to pings")
    pbx.resync_began()
    for call in pbx.calls():
        for extension in ("101",):
            for name in (pbx.channel_of(call.id, extension), pbx.peer_channel_of(call.id, extension)):
                channel = pbx._tracker.switch.by_name[name or ""]
                line = {"Channel": channel.name, "Uniqueid": channel.uniqueid, "ChannelStateDesc": "Up"}
                bridge = channel.bridge.uniqueid if channel.bridge is not None else ""
                pbx.receive(line | {"Event": "CoreShowChannel", "BridgeId": bridge, "Linkedid": channel.linkedid})
    assert [news for news in pbx.resync_ended(seen) if isinstance(news, CallEnded)] == []
    assert [(call.state, call.complete) for call in pbx.calls()] == [("talking", True)]


SCREEN_THEN = {
    "talked a while": "enter:101 enter:trunk | leave:101 leave:trunk soft:trunk gone:101 gone:trunk",
    "the other channel goes first": "enter:101 enter:trunk | leave:101 leave:trunk soft:trunk gone:trunk gone:101",
    "before they are connected": "| enter:101 enter:trunk leave:101 leave:trunk soft:trunk gone:101 gone:trunk",
    "between the two": "enter:101 | enter:trunk leave:101 leave:trunk soft:trunk gone:trunk gone:101",
    "never connected": "| enter:101 leave:101 soft:trunk gone:101 gone:trunk",
    "his own channel is gone at once": "| enter:101 leave:101 gone:101 soft:trunk gone:trunk",
    "both are told": "enter:101 enter:trunk | soft:101 soft:trunk leave:trunk leave:101 gone:trunk gone:101",
    "the other is told first": "enter:101 enter:trunk | soft:trunk soft:101 leave:trunk leave:101 gone:trunk gone:101",
    "nothing but the end": "| gone:trunk gone:101",
    "nothing was heard for a while before": "enter:101 enter:trunk | later leave:101 gone:101 soft:trunk gone:trunk",
}
"""What Asterisk tells from the answer on; at `|` agent 101 hangs up on his screen; `later`: half a minute on."""

KINDS = {
    "enter": {"Event": "BridgeEnter", "BridgeUniqueid": "room", "BridgeTechnology": "simple_bridge"},
    "leave": {"Event": "BridgeLeave", "BridgeUniqueid": "room", "BridgeTechnology": "simple_bridge"},
    "asks": {"Event": "HangupRequest"},
    "soft": {"Event": "SoftHangupRequest", "Cause": "16"},
    "gone": {"Event": "Hangup", "Cause": "16"},
}


def ended_by_after(events: str, *, refused: bool = False) -> str | None:
    """Who ended a call that 101 has just answered and that goes on as `events` tell."""
    pbx = exchange()
    play(pbx, "a_inbound_caller_hangup", until="DialEnd")
    (call,) = pbx.calls()
    names = {channel.endpoint.name: channel for channel in pbx._tracker.switch.channels.values()}
    told: list[News] = []
    clock: dict[str, str] = {}
    for event in events.split():
        if event == "later" and pbx._at is not None:
            clock = {"Timestamp": str(pbx._at.timestamp() + 30)}
            continue
        if event == "|":
            pbx.hung_up_for(call.id, "101")
            if refused:
                pbx.hung_up_for(call.id, "101", really=False)
            continue
        kind, _, who = event.partition(":")
        channel = names[f"PJSIP/{who}"]
        told += pbx.receive(KINDS[kind] | clock | {"Channel": channel.name, "Uniqueid": channel.uniqueid})
    (ended,) = [news.call for news in told if isinstance(news, CallEnded)]
    return ended.ended_by


@pytest.mark.parametrize("events", SCREEN_THEN.values(), ids=SCREEN_THEN)
def test_who_hangs_up_on_the_screen_ended_the_call_in_whatever_order_it_is_told(events: str) -> None:
    assert ended_by_after(events) == "callee"


def test_a_caller_who_hung_up_before_the_agent_did_on_his_screen_ended_the_call() -> None:
    events = "enter:101 enter:trunk asks:trunk | leave:trunk leave:101 gone:101 gone:trunk"
    assert ended_by_after(events) == "caller"


def test_a_hang_up_that_was_refused_tells_nothing_of_who_ended_the_call() -> None:
    events = "enter:101 enter:trunk | asks:trunk leave:trunk leave:101 gone:trunk gone:101"
    assert ended_by_after(events, refused=True) == "caller"


def test_a_phone_that_hangs_up_the_moment_it_is_answered_ended_the_call() -> None:
    events = "asks:101 enter:101 enter:trunk leave:101 leave:trunk soft:trunk gone:101 gone:trunk"
    assert ended_by_after(events) == "callee"


@pytest.mark.parametrize("trace", ["22_park_and_retrieve", "16_park_and_retrieve", "22_park_times_out"])
def test_who_parked_a_call_keeps_it_in_sight_until_somebody_takes_it_or_it_comes_back(trace: str) -> None:
    seen = states(play(exchange(), trace), "101")
    assert seen[:3] == ["ringing", "talking", "parked"]
    assert seen[3:4] == (["ringing"] if "times_out" in trace else ["gone"])


UP_SINCE = {"Response": "Success", "CoreStartupDate": "2026-11-22", "CoreStartupTime": "10:00:00"}


def found_again(**since: str) -> tuple[Exchange, list[News]]:
    """A PBX lost in mid-call that is found up since then; a new call comes before it says so."""
    pbx = exchange()
    pbx.receive(UP_SINCE)
    play(pbx, "a_inbound_caller_hangup", until="BridgeEnter", times=2)
    pbx.lost(pbx.clock, "the connection broke")
    pbx.receive({"Event": "FullyBooted"})
    name = {"Channel": "PJSIP/trunk-00000099", "Uniqueid": "1795290000.9999", "Linkedid": "1795290000.9999"}
    pbx.receive(name | {"Event": "Newchannel", "ChannelStateDesc": "Ring", "CallerIDNum": "+79030000002"})
    return pbx, pbx.receive(UP_SINCE | since)


def test_a_pbx_that_came_up_at_another_second_has_restarted_however_quick_it_was() -> None:
    pbx, told = found_again(CoreStartupTime="10:00:01")
    (ended,) = [news.call for news in told if isinstance(news, CallEnded)]
    assert (ended.ended_by, ended.complete, ended.answered_by) == ("restart", False, ("101",))
    assert [call.caller.number for call in pbx.calls()] == ["+79030000002"], "what came after the restart goes on"


def test_a_pbx_that_is_up_since_the_same_second_has_not_restarted() -> None:
    pbx, told = found_again()
    assert told == []
    assert [call.state for call in pbx.calls()] == ["talking", "waiting"]
