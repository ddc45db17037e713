"""Ready, paused, wrap-up, offline."""

from datetime import timedelta

import pytest

from domain.calls import Call
from domain.presence import UserState
from domain.problems import Conflict
from screenpop.states import Rules, States
from tests.screenpop.scene import NOON, answered, ended, inbound, ringing, with_parties

OLGA = "u-olga"
TALK = answered(ringing(inbound(), "101"), "101")


def at_work(**rules: float) -> States:
    states = States(Rules(**rules))
    states.meet(OLGA, "Olga", "101")
    states.arrived(OLGA, NOON)
    return states


def later(seconds: float) -> "timedelta":
    return timedelta(seconds=seconds)


def told(changed: list[UserState]) -> list[tuple[str, str | None]]:
    return [(state.state, state.reason) for state in changed]


def after(states: States, *calls: Call) -> list[tuple[str, str | None]]:
    return [each for call in calls for each in told(states.call(call, NOON))]


def test_a_user_is_offline_until_he_opens_a_page() -> None:
    states = States()
    assert told(states.meet(OLGA, "Olga", "101")) == [("offline", None)]
    assert told(states.arrived(OLGA, NOON)) == [("ready", None)]
    assert told(states.arrived(OLGA, NOON)) == [], "a second tab changes nothing"


def test_who_was_paused_when_the_server_stopped_is_paused_when_he_comes_back() -> None:
    states = States()
    states.remember({OLGA: ("paused", "lunch")})
    assert told(states.meet(OLGA, "Olga", "101")) == [("offline", None)]
    assert told(states.arrived(OLGA, NOON)) == [("paused", "lunch")]
    assert states.chosen(OLGA) == ("paused", "lunch")
    states.choose(OLGA, "offline", None, NOON)
    assert states.chosen(OLGA) == ("ready", None), "who goes home comes back ready"


def test_an_answered_call_that_ends_is_wrapped_up_for_a_while() -> None:
    states = at_work(wrapup=30)
    assert after(states, TALK, ended(TALK)) == [("wrapup", None)]
    assert states.next_due() == NOON + later(30)
    assert told(states.due(NOON + later(29))) == []
    assert told(states.due(NOON + later(30))) == [("ready", None)]


def test_a_call_nobody_answered_or_between_colleagues_needs_no_wrap_up() -> None:
    states = at_work()
    rings = ringing(inbound(), "101")
    assert after(states, rings, ended(rings)) == []


def test_who_transferred_his_call_wraps_it_up_while_it_lives_on() -> None:
    assert after(at_work(), TALK, with_parties(TALK, {"102": "ringing"}, "ringing")) == [("wrapup", None)]


def test_who_parked_his_call_wraps_it_up_while_it_waits() -> None:
    assert after(at_work(), TALK, with_parties(TALK, {"101": "parked"}, "parked")) == [("wrapup", None)]


def test_with_two_calls_the_wrap_up_begins_after_the_last() -> None:
    states = at_work()
    other = answered(ringing(inbound(2), "101"), "101")
    assert after(states, TALK, other, ended(TALK)) == []
    assert after(states, ended(other)) == [("wrapup", None)]


def test_a_wrap_up_is_made_longer_once() -> None:
    states = at_work(wrapup=30, extension=30)
    after(states, TALK, ended(TALK))
    assert states.extendable(OLGA)
    [longer] = states.choose(OLGA, "wrapup", None, NOON)
    assert longer.until == NOON + later(60)
    assert not states.extendable(OLGA)
    with pytest.raises(Conflict):
        states.choose(OLGA, "wrapup", None, NOON)


def test_there_is_nothing_to_make_longer_without_a_call() -> None:
    with pytest.raises(Conflict):
        at_work().choose(OLGA, "wrapup", None, NOON)


def test_who_paused_during_the_call_is_paused_after_its_wrap_up() -> None:
    states = at_work(wrapup=10)
    states.call(TALK, NOON)
    states.choose(OLGA, "paused", "lunch", NOON)
    assert after(states, ended(TALK)) == [("wrapup", None)]
    assert told(states.due(NOON + later(10))) == [("paused", "lunch")]


def test_finishing_a_wrap_up_makes_ready_at_once() -> None:
    states = at_work()
    after(states, TALK, ended(TALK))
    assert told(states.choose(OLGA, "ready", None, NOON)) == [("ready", None)]
    assert states.next_due() is None


def test_a_reload_of_the_page_changes_nothing_and_who_stays_away_is_offline_until_he_is_back() -> None:
    states = at_work(away=60)
    states.choose(OLGA, "paused", "lunch", NOON)
    states.left(OLGA, NOON)
    assert told(states.arrived(OLGA, NOON + later(5))) == []
    states.left(OLGA, NOON + later(10))
    assert told(states.due(NOON + later(70))) == [("offline", None)]
    assert told(states.arrived(OLGA, NOON + later(600))) == [("paused", "lunch")]


def test_a_user_who_is_no_more_leaves_his_phone() -> None:
    [gone] = at_work().remove_all_but([])
    assert (gone.state, gone.extension) == ("offline", None)
