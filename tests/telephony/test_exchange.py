"""One PBX as its users see it: who takes part, by which channel, and what a lost link does to it."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

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


def test_an_agent_who_hangs_up_through_us_is_the_one_who_ended_the_call() -> None:
    pbx = exchange()
    play(pbx, "a_inbound_caller_hangup", until="BridgeEnter", times=2)
    (call,) = pbx.calls()
    pbx.hung_up_for(call.id, "101")
    for name in (pbx.channel_of(call.id, "101"), pbx.peer_channel_of(call.id, "101")):
        channel = pbx._tracker.switch.by_name[name or ""]
        asked = {"Channel": channel.name, "Uniqueid": channel.uniqueid}
        pbx.receive(asked | {"Event": "SoftHangupRequest", "Cause": "32"})
    told = [
        news
        for channel in list(pbx._tracker.switch.channels.values())
        for news in pbx.receive({"Event": "Hangup", "Uniqueid": channel.uniqueid, "Cause": "16"})
    ]
    assert [news.call.ended_by for news in told if isinstance(news, CallEnded)] == ["callee"]
