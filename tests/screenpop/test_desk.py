"""Who is told what, and when: the desk's promises."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from domain.calls import Call, Caller, call_id
from domain.events import CallMerged, CallStored, News, UserStateChanged
from domain.presence import UserState
from domain.rights import Scope
from screenpop.desk import Desk
from screenpop.protocol import DEFAULT, Topics
from screenpop.telling import Telling
from tests.screenpop.scene import (
    ANNA,
    NOON,
    answered,
    ended,
    inbound,
    news,
    phone,
    queue,
    ringing,
    story,
    user,
    with_parties,
)

KNOWN = {"client": {"id": "c1", "name": "Anna"}, "match": "exact", "number": ANNA}
OLGA, IVAN = user("olga", extension="101"), user("ivan", extension="102")
CHIEF = user("chief", "supervisor")


def desk(*users: Scope, actions: tuple[str, ...] = ("answer",)) -> Desk:
    made = Desk(actions=lambda _call, _scope: actions)
    for scope in users:
        made.join(scope)
    return made


def heard(scope: Scope, tellings: Iterable[Telling], topics: Topics = DEFAULT) -> list[dict[str, Any]]:
    return [dict(telling.event) for telling in tellings if telling.concerns(scope, topics)]


def after(desk: Desk, happened: Iterable[News], card: dict[str, Any] | None = KNOWN) -> list[Telling]:
    """All that is told of `happened`, each card found at once."""
    told: list[Telling] = []
    for each in happened:
        told += desk.on(each)
        for wanted in desk.wanted():
            if card is not None:
                told += desk.card(wanted.call.id, wanted.scope.user_id, wanted.number, card)
    return told


def states(events: Iterable[dict[str, Any]]) -> list[str]:
    return [event["state"] for event in events if event["type"] == "call"]


def test_only_the_agent_whose_phone_rings_gets_the_call_and_the_card_comes_with_his_first_event() -> None:
    rings = ringing(inbound(), "101")
    told = after(desk(OLGA, IVAN), story(rings, answered(rings, "101"), ended(answered(rings, "101"))))
    assert heard(IVAN, told) == []
    olga = heard(OLGA, told)
    assert states(olga) == ["ringing", "talking", "ended"]
    assert [event.get("card") for event in olga] == [KNOWN, None, None]
    assert olga[0]["call"]["actions"] == ["answer"]
    assert olga[2]["call"]["actions"] == []


def test_a_supervisor_sees_every_call_without_its_card() -> None:
    rings = ringing(inbound(), "101")
    told = heard(CHIEF, after(desk(OLGA, CHIEF), story(inbound(), rings, answered(rings, "101"))))
    assert states(told) == ["waiting", "ringing", "talking"]
    assert not any("card" in event for event in told)
    assert not any(event["call"]["mine"] for event in told)


def test_a_call_to_fifty_phones_pops_fifty_times_and_is_withdrawn_from_forty_nine() -> None:
    agents = [user(f"agent{number}", extension=str(number)) for number in range(101, 151)]
    extensions = [agent.extension or "" for agent in agents]
    one_by_one = [ringing(inbound(), *extensions[: count + 1]) for count in range(50)]
    told = after(desk(*agents), story(inbound(), *one_by_one, answered(one_by_one[-1], "101")))
    pops = [event for agent in agents for event in heard(agent, told) if "card" in event]
    withdrawn = [event for agent in agents for event in heard(agent, told) if event["state"] == "withdrawn"]
    assert (len(pops), len(withdrawn)) == (50, 49)
    assert states(heard(agents[0], told)) == ["ringing", "talking"]
    assert len(told) == 52, "one event for all who lost, not one each, and none for others' phones"


def test_who_is_rung_again_after_his_phone_rang_out_gets_the_card_again() -> None:
    rings = ringing(inbound(), "101")
    told = heard(OLGA, after(desk(OLGA), story(rings, ringing(rings, "102"), ringing(rings, "101"))))
    assert states(told) == ["ringing", "withdrawn", "ringing"]
    assert ["card" in event for event in told] == [True, False, True]


def test_a_supervisor_in_a_call_hears_of_its_end_once() -> None:
    chief = user("chief", "supervisor", "101")
    rings = ringing(inbound(), "101")
    talks = answered(rings, "101")
    told = after(desk(chief), story(rings, talks, ended(talks)))
    assert [event["call"]["mine"] for event in heard(chief, told) if event["state"] == "ended"] == [True]


def test_a_supervisor_whose_own_phone_rang_out_loses_the_call_but_still_watches_it() -> None:
    boss = user("boss", "supervisor", "103")
    rings = ringing(inbound(), "103", "101")
    told = heard(boss, after(desk(boss, OLGA), story(rings, answered(rings, "101"))))
    assert [(event["state"], event["call"]["mine"]) for event in told] == [
        ("ringing", True),
        ("withdrawn", True),
        ("talking", False),
    ]


def test_nothing_of_a_call_is_told_before_its_card_was_found_or_is_late() -> None:
    watched, rings = desk(OLGA), ringing(inbound(), "101")
    assert watched.on(news(rings)) == []
    assert [wanted.number for wanted in watched.wanted()] == [ANNA]
    [light] = heard(OLGA, watched.late(rings.id, OLGA.user_id))
    assert (light["card"]["number"], light["card"]["client"], light["card"]["pending"]) == (ANNA, None, True)
    [full] = heard(OLGA, watched.card(rings.id, OLGA.user_id, ANNA, KNOWN))
    assert full["card"] == KNOWN


def test_a_call_lost_before_its_card_was_found_still_pops_and_is_withdrawn() -> None:
    rings = ringing(inbound(), "101", "102")
    told = after(desk(OLGA, IVAN), story(rings, answered(rings, "102")), card=None)
    assert states(heard(OLGA, told)) == ["ringing", "withdrawn"]


def test_a_withheld_number_needs_no_look_up() -> None:
    watched = desk(OLGA)
    [event] = heard(OLGA, watched.on(news(ringing(inbound(caller=None), "101"))))
    assert (event["card"]["number"], event["card"]["pending"]) == (None, False)
    assert watched.wanted() == []


def test_a_colleague_who_calls_is_told_at_once() -> None:
    call = Call(
        id=call_id("main", "7"),
        pbx="main",
        linkedid="7",
        direction="internal",
        caller=Caller(number="102", extension="102"),
        dialed="101",
    )
    rings = with_parties(call, {"102": "dialing", "101": "ringing"}, "ringing")
    told = desk(OLGA, IVAN).on(news(rings))
    assert states(heard(OLGA, told)) == ["ringing"]
    assert states(heard(IVAN, told)) == ["dialing"]


def test_a_consultation_ends_as_merged_and_names_the_call_it_belongs_to() -> None:
    first, second = answered(inbound(1), "101"), inbound(2, caller=None)
    consulting = with_parties(second, {"101": "talking", "102": "ringing"}, "ringing")
    watched = desk(OLGA, IVAN, CHIEF)
    after(watched, [*story(first), *story(consulting)])
    merged = replace(consulting, state="merged", parties=())
    told = after(watched, [news(merged, consulting), CallMerged(at=NOON, call=merged, into=first.id)])
    for scope in (OLGA, IVAN, CHIEF):
        [event] = heard(scope, told)
        assert (event["state"], event["into"]) == ("merged", first.id)
    assert [call["id"] for call in watched.snapshot(CHIEF, NOON)["calls"]] == [first.id]


def test_the_client_found_by_the_store_is_told_while_the_call_lives_and_is_not_lost_again() -> None:
    watched, rings = desk(CHIEF), ringing(inbound(), "101")
    watched.on(news(rings))
    [event] = heard(CHIEF, watched.on(CallStored(at=NOON, call=rings.with_client("c1"))))
    assert event["call"]["client_id"] == "c1"
    [event] = heard(CHIEF, watched.on(news(answered(rings, "101"), rings)))
    assert event["call"]["client_id"] == "c1"
    assert watched.on(CallStored(at=NOON, call=rings.with_client("c1"))) == []


def test_whoever_opens_a_page_in_mid_call_has_it_and_its_card_follows() -> None:
    watched, talk = desk(), answered(ringing(inbound(), "101"), "101")
    watched.on(news(talk))
    watched.join(OLGA)
    [call] = watched.snapshot(OLGA, NOON)["calls"]
    assert (call["state"], call["card"]["pending"]) == ("talking", True)
    [wanted] = watched.wanted()
    [event] = heard(OLGA, watched.card(talk.id, wanted.scope.user_id, ANNA, KNOWN))
    assert event["card"] == KNOWN


def test_presence_is_joined_with_its_user_and_told_once_for_all_changes_of_a_tick() -> None:
    watched = desk(IVAN, CHIEF)
    paused = UserState(user_id=OLGA.user_id, name="Olga", extension="101", state="paused", reason="lunch")
    for each in (phone("101", "ringing"), phone("101", "talking"), UserStateChanged(at=NOON, state=paused)):
        assert watched.on(each) == []
    assert watched.restless()
    [event] = heard(IVAN, watched.tick(NOON))
    assert (event["extension"], event["state"]) == ("101", "talking")
    assert event["user"] == {"id": OLGA.user_id, "name": "Olga"}
    assert (event["user_state"], event["reason"]) == ("paused", "lunch")
    assert watched.tick(NOON) == []


def test_with_whom_somebody_talks_is_seen_by_supervisors_and_himself_only() -> None:
    watched = desk(OLGA, IVAN, CHIEF)
    watched.on(phone("101", "talking", peer=ANNA))
    told = watched.tick(NOON)
    assert [event["peer"] for event in heard(CHIEF, told)] == [ANNA]
    assert [event["peer"] for event in heard(OLGA, told)] == [ANNA]
    assert [event["peer"] for event in heard(IVAN, told)] == [None]
    assert [view["peer"] for view in watched.snapshot(IVAN, NOON)["presence"]] == [None]
    assert [view["peer"] for view in watched.snapshot(OLGA, NOON)["presence"]] == [ANNA]
    watched.on(phone("101", "talking", peer="102"))
    assert heard(IVAN, watched.tick(NOON)) == [], "nothing changed that he may see"


def test_queues_are_told_to_those_who_subscribed() -> None:
    watched = desk(OLGA)
    watched.on(queue("sales", 2))
    told = watched.tick(NOON)
    assert heard(OLGA, told) == []
    assert [event["waiting"] for event in heard(OLGA, told, Topics(named_queues=frozenset({"sales"})))] == [2]
    assert heard(OLGA, told, Topics(named_queues=frozenset({"support"}))) == []
    assert len(heard(OLGA, told, Topics(queues=True))) == 1


def test_presence_can_be_narrowed_to_some_extensions() -> None:
    watched = desk(OLGA)
    watched.on(phone("101", "idle"))
    watched.on(phone("102", "idle"))
    only = Topics(presence=False, extensions=frozenset({"102"}))
    assert [event["extension"] for event in heard(OLGA, watched.tick(NOON), only)] == ["102"]
    assert [event["extension"] for event in watched.current(Topics(presence=False), only, OLGA, NOON)] == ["102"]
    assert watched.current(DEFAULT, only, OLGA, NOON) == [], "heard before"


def test_an_ended_call_leaves_nothing_behind() -> None:
    watched, rings = desk(OLGA, CHIEF), ringing(inbound(), "101")
    after(watched, story(inbound(), rings, ended(rings)))
    assert watched.call(rings.id) is None
    assert watched.snapshot(CHIEF, NOON)["calls"] == []
    assert watched.snapshot(OLGA, NOON)["calls"] == []
