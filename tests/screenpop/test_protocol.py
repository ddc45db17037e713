"""The feed's words."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.streams import StreamReader

from screenpop.protocol import DEFAULT, Junk, Shown, Subscribe, array, encode, frame, parse


def test_a_painted_card_is_reported_with_the_kind_of_its_tab() -> None:
    assert parse('{"type":"shown","call":"c1"}') == Shown("c1")
    assert parse('{"type":"shown","call":"c1","hidden":true}') == Shown("c1", hidden=True)


def test_a_subscription_replaces_what_was_heard_before() -> None:
    said = parse('{"type":"subscribe","topics":["presence:101","queue:sales","campaign:7"]}')
    assert isinstance(said, Subscribe)
    topics = said.topics
    assert [topics.covers("presence", extension) for extension in ("101", "102")] == [True, False]
    assert [topics.covers("queue", name) for name in ("sales", "help")] == [True, False]
    assert topics.covers("", "own calls"), "nobody can turn off his own calls"
    assert topics.others == {"campaign:7"}
    assert DEFAULT.covers("presence", "102")
    assert not DEFAULT.covers("queue", "sales")


@given(st.text() | st.binary() | st.recursive(st.none() | st.text(), lambda inner: st.lists(inner)).map(json.dumps))
def test_anything_else_is_junk_and_never_an_error(message: str | bytes) -> None:
    with pytest.raises(Junk):
        parse(message)


@given(st.text(alphabet=st.characters(codec=None)))
@example("\ud800 \udcff")
def test_any_text_can_be_told(text: str) -> None:
    event = json.loads(encode(7, "now", {"type": "call", "name": text, text: [text]}))
    assert (event["seq"], event["at"]) == (7, "now")
    assert list(event)[:3] == ["seq", "at", "type"]


@given(st.binary(max_size=200) | st.integers(0, 70_000).map(lambda size: b"x" * size))
def test_a_frame_is_what_the_websocket_library_reads(payload: bytes) -> None:
    reader = StreamReader()
    reader.feed_data(frame(payload))
    steps = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as parsed:
        next(steps)
    assert bytes(parsed.value.value.data) == payload
    assert parsed.value.value.fin


def test_events_that_travel_together_are_one_array() -> None:
    assert json.loads(array([b'{"a":1}', b'{"b":2}'])) == [{"a": 1}, {"b": 2}]
