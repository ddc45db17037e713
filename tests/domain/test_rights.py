import pytest

from domain.calls import Call, Caller, Leg, call_id
from domain.rights import ROLES, Role, Scope, may_see_call, may_see_client, may_see_peer


def someone(role: Role) -> Scope:
    return Scope(user_id="u1", login="u", name="U", role=role, extension="101", team="t1")


def call_to(extension: str) -> Call:
    return Call(
        id=call_id("main", "1.1"),
        pbx="main",
        linkedid="1.1",
        direction="inbound",
        caller=Caller(number="+79211234567"),
        legs=(Leg(extension=extension),),
    )


@pytest.mark.parametrize(
    ("role", "own", "team", "others", "nobodys"),
    [
        ("agent", True, True, False, True),
        ("telemarketer", True, False, False, True),
        ("marketer", True, True, True, True),
        ("supervisor", True, True, True, True),
        ("admin", True, True, True, True),
    ],
)
def test_each_role_reaches_the_clients_its_row_says(
    role: Role, own: bool, team: bool, others: bool, nobodys: bool
) -> None:
    user = someone(role)
    assert may_see_client(user, responsible="u1", team="t2") is own
    assert may_see_client(user, responsible="u2", team="t1") is team
    assert may_see_client(user, responsible="u2", team="t2") is others
    assert may_see_client(user, responsible=None, team=None) is nobodys


@pytest.mark.parametrize("role", ROLES)
def test_everyone_sees_his_own_calls_and_only_who_watches_lines_sees_all(role: Role) -> None:
    assert may_see_call(someone(role), call_to("101"))
    assert may_see_call(someone(role), call_to("102")) is (role in ("supervisor", "admin"))


@pytest.mark.parametrize("role", ROLES)
def test_with_whom_others_talk_is_for_who_watches_lines(role: Role) -> None:
    assert may_see_peer(someone(role), "101")
    assert may_see_peer(someone(role), "102") is (role in ("supervisor", "admin"))


def test_a_call_has_the_same_identity_every_time_and_another_on_another_pbx() -> None:
    assert call_id("main", "1732280000.12") == call_id("main", "1732280000.12")
    assert call_id("main", "1732280000.12") != call_id("branch", "1732280000.12")
