"""Actions on the wire: whatever people type, Asterisk reads one action with our headers and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony import actions
from telephony.actions import NotSendable, diallable, keys, wire


def test_an_action_is_written_in_the_order_of_its_headers() -> None:
    assert (
        wire({"Action": "Test", "Variable": ("a=1", "b=2")})
        == b"Action: Test\r\nVariable: a=1\r\nVariable: b=2\r\n\r\n"
    )


@given(st.text(max_size=300))
def test_no_value_whatsoever_makes_a_second_header_or_action(value: str) -> None:
    try:
        written = wire({"Action": "Originate", "CallerID": value})
    except NotSendable:
        return
    assert written.count(b"\n") == 3
    assert b"\0" not in written
    assert written.decode("utf-8", "surrogateescape") == f"Action: Originate\r\nCallerID: {value}\r\n\r\n"


@pytest.mark.parametrize("header", ["", "A B", "A:", "A\r\nB", "Ж"])
def test_a_header_is_a_name(header: str) -> None:
    with pytest.raises(NotSendable):
        wire({header: "x"})


def test_a_line_that_asterisk_would_not_read_is_refused() -> None:
    with pytest.raises(NotSendable):
        wire({"Action": "x" * 1000})


@pytest.mark.parametrize(
    ("typed", "dialled"),
    [("8 (921) 123-45-67", "89211234567"), ("+7 921 123 45 67", "+79211234567"), ("101", "101"), ("*78", "*78")],
)
def test_a_number_is_read_as_people_type_it(typed: str, dialled: str) -> None:
    assert diallable(typed) == dialled


@pytest.mark.parametrize("typed", ["", "PJSIP/101", "101,1,x", "101&102", "Local/1@x", "1" * 25, "١٢٣", "a"])
def test_what_is_no_number_is_never_dialled(typed: str) -> None:
    with pytest.raises(NotSendable):
        diallable(typed)


def test_only_keys_of_a_phone_are_pressed() -> None:
    assert keys(" 12#a ") == "12#A"
    with pytest.raises(NotSendable):
        keys("12E")


def test_a_click_to_call_shows_the_user_whom_he_calls_and_the_others_who_calls() -> None:
    action = actions.originate(channel="PJSIP/101", context="out", number="112", uniqueid="u", caller=('+7"921', "101"))
    assert action["CallerID"] == '"+7921" <101>'
    assert (action["ChannelId"], action["Exten"], action["Async"]) == ("u", "112", "true")


def test_old_sip_phones_are_notified_inside_their_call() -> None:
    action = actions.notify(channel="SIP/101-0000001c", event="hold", dialog="abc@host")
    assert action == {"Action": "SIPnotify", "Channel": "101", "Variable": "Event=hold", "Call-ID": "abc@host"}
