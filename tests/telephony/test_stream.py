"""The AMI byte stream: the same messages however it is cut, whatever is in it."""

import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.stream import AmiStream, Message

HANGUP = b"Event: Hangup\r\nChannel: PJSIP/101-1\r\nCallerIDName: \xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd\r\n\r\n"
VARSET = b"Event: VarSet\r\nVariable: X\r\nValue: 1\r\n\r\n"


def read(*reads: bytes, wanted: frozenset[str] | None = None, limit: int = 1_048_576) -> list[Message]:
    stream = AmiStream(wanted, limit)
    return [message for data in reads for message in stream.receive(data)]


def test_the_banner_is_no_message() -> None:
    stream = AmiStream()
    assert stream.receive(b"Asterisk Call Manager/11.0.0\r\n") == []
    assert stream.banner == "Asterisk Call Manager/11.0.0"
    assert stream.receive(b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n") == [
        {"Response": "Success", "Message": "Authentication accepted"}
    ]


def test_a_letter_cut_between_two_reads_is_kept() -> None:
    for cut in range(len(HANGUP)):
        assert read(HANGUP[:cut], HANGUP[cut:])[0]["CallerIDName"] == "Иван"


def test_broken_utf8_comes_back_as_the_bytes_that_were_sent() -> None:
    [message] = read(b"Event: Hangup\r\nCallerIDName: \xff\xd0\r\n\r\n")
    assert message["CallerIDName"].encode("utf-8", "surrogateescape") == b"\xff\xd0"


def test_a_repeated_header_keeps_all_its_values() -> None:
    [message] = read(b"Response: Success\r\nOutput: one\r\nOutput: two\r\nOutput: \r\n\r\n")
    assert message["Output"] == "one\ntwo\n"


def test_headers_without_a_space_or_a_value_are_read() -> None:
    [message] = read(b"Event: UserEvent\r\nEmpty:\r\nNoSpace:x\r\nno header at all\r\n\r\n")
    assert message == {"Event": "UserEvent", "Empty": "", "NoSpace": "x"}


def test_the_output_of_old_asterisk_commands_is_kept() -> None:
    [message] = read(
        b"Response: Follows\r\nPrivilege: Command\r\nActionID: 7\r\nName: a\nName: b\n--END COMMAND--\r\n\r\n"
    )
    assert message["ActionID"] == "7"
    assert message["Output"] == "Name: a\nName: b\n--END COMMAND--"


def test_unwanted_events_are_skipped_and_counted_by_name() -> None:
    stream = AmiStream(frozenset({"Hangup"}))
    assert [message["Event"] for message in stream.receive(VARSET + HANGUP + VARSET)] == ["Hangup"]
    assert stream.skipped == {"VarSet": 2}


def test_the_answer_of_an_action_passes_whatever_its_name() -> None:
    answer = b"Event: StatusComplete\r\nActionID: 5\r\n\r\n"
    late_name = b"ActionID: 5\r\nEvent: Status\r\n\r\n"
    assert [m["ActionID"] for m in read(answer, late_name, wanted=frozenset())] == ["5", "5"]


def test_ten_thousand_unknown_event_names_are_counted_in_bounded_memory() -> None:
    stream = AmiStream(frozenset({"Hangup"}))
    stream.receive(b"".join(b"Event: Unknown%d\r\nX: 1\r\n\r\n" % n for n in range(10_000)))
    assert sum(stream.skipped.values()) == 10_000
    assert len(stream.skipped) <= 257
    assert len(stream.receive(HANGUP)) == 1


def test_garbage_is_counted_and_the_next_message_is_read() -> None:
    stream = AmiStream()
    assert stream.receive(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\x00\xff\x1b\r\n\r\n" + HANGUP) == read(HANGUP)
    assert stream.garbage == 2


@pytest.mark.parametrize("size", [1, 1000, 65536, 20_000_000])
def test_a_message_without_end_is_dropped_and_the_next_one_read(size: int) -> None:
    stream = AmiStream(limit=100_000)
    flood = b"Event: Hangup\r\nX: " + b"x" * (300_000 if size == 1 else 10_000_000) + b"\r\n\r\n" + HANGUP
    messages = [m for at in range(0, len(flood), size) for m in stream.receive(flood[at : at + size])]
    assert messages == read(HANGUP)
    assert stream.oversize == 1


def test_a_long_message_in_small_reads_takes_linear_time() -> None:
    def seconds(size: int) -> float:
        stream, began = AmiStream(limit=1 << 30), time.process_time()
        for _ in range(size // 1000):
            stream.receive(b"x" * 1000)
        return time.process_time() - began

    assert min(seconds(32_000_000) for _ in range(3)) < 40 * min(seconds(2_000_000) for _ in range(3)) + 0.5


def test_streams_with_bare_line_feeds_are_read() -> None:
    text = b"Asterisk Call Manager/2.10.0\r\n" + VARSET + HANGUP
    assert read(text.replace(b"\r\n", b"\n")) == read(text)
    assert read(text.replace(b"\r\n", b"\n") + HANGUP) == [*read(text), *read(HANGUP)]


def test_a_recording_of_two_connections_is_one_stream() -> None:
    one = b"Asterisk Call Manager/11.0.0\r\n" + HANGUP
    assert read(one + one) == read(HANGUP) * 2


LINES = st.sampled_from(
    [
        b"Event: Hangup",
        b"Event: VarSet",
        b"Event:Hangup",
        b"Response: Success",
        b"ActionID: 1",
        b"Name: \xd0\x98\xff: x",
        b"Empty:",
        b"junk",
        b"",
        b"\r",
        b"\n",
        b"Asterisk Call Manager/9",
        b"x" * 60,
    ]
)


@given(
    lines=st.lists(LINES, max_size=40),
    end=st.sampled_from([b"\r\n", b"\n"]),
    cuts=st.lists(st.integers(0, 2000), max_size=60),
)
def test_the_messages_do_not_depend_on_how_the_bytes_were_cut(lines: list[bytes], end: bytes, cuts: list[int]) -> None:
    data = end.join(lines) + end + end
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    reads = [data[a:b] for a, b in pairwise(edges)]
    whole, cut, bytewise = (AmiStream(frozenset({"Hangup"}), 80) for _ in range(3))
    expected = whole.receive(data)
    assert [m for part in reads for m in cut.receive(part)] == expected
    assert [m for byte in data for m in bytewise.receive(bytes([byte]))] == expected
    for stream in (cut, bytewise):
        assert (stream.skipped, stream.oversize, stream.garbage, stream.banner) == (
            whole.skipped,
            whole.oversize,
            whole.garbage,
            whole.banner,
        )


@given(st.binary(max_size=2000))
def test_no_bytes_whatsoever_raise(data: bytes) -> None:
    AmiStream(frozenset({"Hangup"}), 100).receive(data)


def test_real_recordings_are_read_the_same_in_packets_of_1448_bytes() -> None:
    for path in sorted((Path(__file__).parents[1] / "traces").glob("*.ami"))[:3]:
        data = path.read_bytes()
        assert read(*(data[at : at + 1448] for at in range(0, len(data), 1448))) == read(data)
