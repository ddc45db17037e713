"""The simulator as a server: log-in, rights, filters, lists and actions, as Asterisk 22 answers them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import md5

import pytest

from switchroom.simulators.managers import EVERYTHING, Manager
from switchroom.simulators.pbx import SimulatedPbx
from telephony.stream import AmiStream

Message = dict[str, str]
LISTS = [
    "BridgeList",
    "CoreSettings",
    "CoreStatus",
    "ListCommands",
    "PJSIPShowEndpoints",
    "ParkedCalls",
    "QueueSummary",
    "Status",
]


class Client:
    """An AMI client without a socket: asks, and keeps what it reads."""

    def __init__(self, pbx: SimulatedPbx, *, logged_in: bool = True) -> None:
        self.pbx = pbx
        self.closed = False
        self.stream = AmiStream()
        self.inbox: list[Message] = []
        self.session = pbx.session(self._read, self._close)
        self.session.greet()
        if logged_in:
            self.ask("Login", Username="switchroom", Secret="switchroom")

    def _read(self, data: bytes) -> None:
        self.inbox += self.stream.receive(data)

    def _close(self) -> None:
        self.closed = True

    def ask(self, action: str, **headers: str) -> list[Message]:
        """Send an action; return what came because of it, the answer first."""
        seen = len(self.inbox)
        lines = [f"Action: {action}", "ActionID: 7", *(f"{name}: {value}" for name, value in headers.items())]
        self.session.receive("\r\n".join(lines).encode() + b"\r\n\r\n")
        return sorted(self.inbox[seen:], key=lambda message: "Response" not in message)

    def events(self, name: str) -> list[Message]:
        """Every event of a name so far."""
        return [message for message in self.inbox if message.get("Event") == name]


@pytest.fixture
def pbx() -> SimulatedPbx:
    return SimulatedPbx(started=datetime(2026, 11, 22, tzinfo=UTC))


@pytest.fixture
def client(pbx: SimulatedPbx) -> Iterator[Client]:
    client = Client(pbx)
    yield client
    client.session.end()


def test_a_client_is_greeted_let_in_and_told_that_the_pbx_is_up(client: Client) -> None:
    assert client.stream.banner == "Asterisk Call Manager/11.0.0"
    assert [message.get("Event", message.get("Response")) for message in client.inbox] == [
        "Success",
        "FullyBooted",
        "SuccessfulAuth",
    ]


def test_a_wrong_secret_is_refused_and_the_link_closed(pbx: SimulatedPbx) -> None:
    client = Client(pbx, logged_in=False)
    [answer] = client.ask("Login", Username="switchroom", Secret="guess")
    assert (answer["Response"], answer["Message"], client.closed) == ("Error", "Authentication failed", True)


def test_a_secret_can_be_proved_without_being_sent(pbx: SimulatedPbx) -> None:
    client = Client(pbx, logged_in=False)
    [challenge] = client.ask("Challenge", AuthType="MD5")
    proof = md5((challenge["Challenge"] + "switchroom").encode()).hexdigest()
    answer, *_ = client.ask("Login", AuthType="MD5", Username="switchroom", Key=proof)
    assert answer["Message"] == "Authentication accepted"


def test_nobody_is_answered_before_he_logs_in(pbx: SimulatedPbx) -> None:
    [answer] = Client(pbx, logged_in=False).ask("CoreStatus")
    assert answer["Message"] == "Permission denied"


def test_missing_rights_are_denied_and_unread_classes_not_told() -> None:
    manager = Manager(read=frozenset({"agent"}), write=EVERYTHING - {"originate"})
    pbx = SimulatedPbx(managers=(manager,))
    client = Client(pbx)
    pbx.incoming("+79211234567", "sales")
    assert client.events("QueueCallerJoin")
    assert not client.events("Newchannel")
    [answer] = client.ask("Originate", Channel="PJSIP/101", Exten="102", Async="true")
    assert answer["Message"] == "Permission denied"


def test_an_unknown_action_is_named_in_the_error(client: Client) -> None:
    [answer] = client.ask("Teleport")
    assert answer["Message"].startswith("Invalid/unknown command: Teleport.")


def test_an_action_may_come_in_pieces_and_with_bare_line_feeds(client: Client) -> None:
    for byte in b"action: ping\nactionid: 9\n\n":
        client.session.receive(bytes([byte]))
    assert client.inbox[-1]["Ping"] == "Pong"


def test_a_line_that_is_too_long_is_answered_without_an_id(client: Client) -> None:
    [answer] = client.ask("Ping", Junk="x" * 3000)
    assert answer == {"Response": "Error", "Message": "Failed to parse message: line too long"}


def test_events_that_are_filtered_out_do_not_come(client: Client, pbx: SimulatedPbx) -> None:
    client.ask("Filter", Operation="Add", Filter="!Event: Newstate")
    call = pbx.incoming("+79211234567")
    call.answer("101")
    assert client.events("Newchannel")
    assert not client.events("Newstate")


def test_lists_show_a_call_that_is_up(client: Client, pbx: SimulatedPbx) -> None:
    pbx.incoming("+79211234567", "sales").answer("101")
    pbx.incoming("+79031112233", "sales")
    answer, *items, complete = client.ask("CoreShowChannels")
    assert (answer["EventList"], complete["ListItems"]) == ("start", "4")
    assert {item["Application"] for item in items} == {"Queue", "AppQueue"}
    statuses = {item["Exten"]: item["StatusText"] for item in client.ask("ExtensionStateList") if "Exten" in item}
    assert (statuses["101"], statuses["102"], statuses["103"]) == ("InUse", "Ringing", "Idle")
    queue = [item for item in client.ask("QueueStatus", Queue="sales") if "Event" in item]
    assert [item["Event"] for item in queue].count("QueueEntry") == 1
    assert [item["Status"] for item in queue if item["Event"] == "QueueMember"] == ["2", "6", "1"]
    devices = {item["Device"]: item["State"] for item in client.ask("DeviceStateList") if "Device" in item}
    assert devices["PJSIP/101"] == "INUSE"
    assert devices["Custom:DND101"] == "NOT_INUSE"


@pytest.mark.parametrize("action", LISTS)
def test_every_other_list_is_answered(client: Client, action: str) -> None:
    answer, *_ = client.ask(action)
    assert (answer["Response"], answer["ActionID"]) == ("Success", "7")


def test_a_phone_answers_when_it_is_told_to_talk_and_holds_when_told_to_hold(client: Client, pbx: SimulatedPbx) -> None:
    call = pbx.incoming("+79211234567")
    client.ask("PJSIPNotify", Endpoint="101", Variable="Event=talk")
    assert "PJSIP/101" in call.talking
    client.ask("PJSIPNotify", Endpoint="101", Variable="Event=hold")
    assert client.events("Hold")
    client.ask("PJSIPNotify", Endpoint="101", Variable="Event=talk")
    assert client.events("Unhold")


def test_click_to_call_rings_the_agent_first_and_then_dials_out(client: Client, pbx: SimulatedPbx) -> None:
    headers = {"Channel": "PJSIP/101", "Exten": "+79211234567", "ChannelId": "sw-1", "Async": "true"}
    answer, *_ = client.ask("Originate", CallerID='"Иван" <+79211234567>', Timeout="15000", **headers)
    assert answer["Message"] == "Originate successfully queued"
    assert client.events("DialBegin")[0]["DestChannel"].startswith("PJSIP/101-")
    pbx.wait(1)
    [response] = client.events("OriginateResponse")
    assert (response["Reason"], response["Uniqueid"], response["ActionID"]) == ("4", "sw-1", "7")
    assert client.events("DialBegin")[1]["DialString"] == "+79211234567@provider"


def test_click_to_call_from_an_unplugged_phone_fails_after_it_was_queued(client: Client, pbx: SimulatedPbx) -> None:
    pbx.phone("101").register(on=False)
    answer, *_ = client.ask("Originate", Channel="PJSIP/101", Exten="102", Async="true")
    assert answer["Response"] == "Success"
    assert client.events("OriginateResponse")[0]["Response"] == "Failure"


def test_the_other_side_can_be_sent_on_by_redirect_and_by_blind_transfer(client: Client, pbx: SimulatedPbx) -> None:
    call = pbx.incoming("+79211234567")
    call.answer("101")
    client.ask("Redirect", Channel=call.channel.name, Context="from-internal", Exten="103", Priority="1")
    assert call.ringing == ("PJSIP/103",)
    call.answer("103")
    agent = pbx.phone("103").channels[0].name
    client.ask("BlindTransfer", Channel=agent, Context="from-internal", Exten="104")
    assert call.ringing == ("PJSIP/104",)
    assert client.events("BlindTransfer")[0]["Extension"] == "104"


def test_an_attended_transfer_is_begun_taken_back_and_completed(client: Client, pbx: SimulatedPbx) -> None:
    call = pbx.incoming("+79211234567")
    call.answer("101")
    agent = pbx.phone("101").channels[0].name
    client.ask("Atxfer", Channel=agent, Context="from-internal", Exten="103")
    assert call.ringing == ("PJSIP/103",)
    client.ask("CancelAtxfer", Channel=agent)
    assert call.talking == ("PJSIP/provider", "PJSIP/101")
    client.ask("Atxfer", Channel=agent, Context="from-internal", Exten="103")
    pbx.phone("103").answer()
    client.ask("Hangup", Channel=agent)
    assert call.talking == ("PJSIP/provider", "PJSIP/103")
    assert client.events("AttendedTransfer")[0]["Result"] == "Success"


def test_an_attended_transfer_can_be_completed_while_it_rings(client: Client, pbx: SimulatedPbx) -> None:
    call = pbx.incoming("+79211234567")
    call.answer("101")
    agent = pbx.phone("101").channels[0].name
    client.ask("Atxfer", Channel=agent, Context="from-internal", Exten="103")
    client.ask("Hangup", Channel=agent)
    pbx.phone("103").answer()
    assert call.talking == ("PJSIP/provider", "PJSIP/103")


def test_a_call_is_parked_and_listed_in_the_lot(client: Client, pbx: SimulatedPbx) -> None:
    call = pbx.incoming("+79211234567")
    call.answer("101")
    client.ask("Park", Channel=call.channel.name)
    _, parked, complete = client.ask("ParkedCalls")
    assert (parked["ParkingSpace"], parked["ParkeeChannel"]) == ("701", call.channel.name)
    assert complete["Total"] == "1"


def test_a_ringing_call_is_picked_up_by_an_application(client: Client, pbx: SimulatedPbx) -> None:
    call = pbx.incoming("+79211234567", "102")
    ringing = pbx.phone("102").channels[0].name
    client.ask("Originate", Channel="PJSIP/101", Application="PickupChan", Data=ringing, Async="true")
    pbx.wait(1)
    assert call.talking == ("PJSIP/provider", "PJSIP/101")


def test_a_member_pauses_with_a_reason(client: Client, pbx: SimulatedPbx) -> None:
    client.ask("QueuePause", Interface="PJSIP/101", Paused="true", Reason="обед")
    assert client.events("QueueMemberPause")[0]["PausedReason"] == "обед"
    assert pbx.incoming("+79211234567", "sales").ringing == ("PJSIP/102",)


def test_digits_variables_recording_and_console_are_answered(client: Client, pbx: SimulatedPbx) -> None:
    call = pbx.incoming("+79211234567")
    name = call.channel.name
    client.ask("PlayDTMF", Channel=name, Digit="5")
    assert client.events("DTMFEnd")[0]["Digit"] == "5"
    client.ask("Setvar", Channel=name, Variable="COLOUR", Value="red")
    assert client.ask("Getvar", Channel=name, Variable="COLOUR")[0]["Value"] == "red"
    assert client.ask("MixMonitor", Channel=name, File="a.wav")[0]["Response"] == "Success"
    assert client.ask("MuteAudio", Channel=name, Direction="in", State="on")[0]["Response"] == "Success"
    assert client.ask("DBGet", Family="DND", Key="101")[0]["Message"] == "Database entry not found"
    assert "Asterisk 22" in client.ask("Command", Command="core show version")[0]["Output"]
    assert client.ask("Command", Command="dance")[0]["Response"] == "Error"


def test_a_channel_that_is_gone_cannot_be_hung_up(client: Client) -> None:
    [answer] = client.ask("Hangup", Channel="PJSIP/101-ffffffff")
    assert answer["Message"] == "No such channel"


def test_a_frozen_pbx_says_nothing_until_it_thaws(client: Client, pbx: SimulatedPbx) -> None:
    pbx.freeze()
    pbx.incoming("+79211234567")
    assert client.ask("Ping") == []
    pbx.thaw()
    assert client.inbox[-1]["Ping"] == "Pong"
    assert client.events("Newchannel")


def test_a_restart_says_goodbye_and_forgets_the_calls(client: Client, pbx: SimulatedPbx) -> None:
    pbx.incoming("+79211234567").answer("101")
    pbx.restart(away=2.0)
    assert client.events("Shutdown")
    assert client.closed
    assert not pbx.up
    pbx.wait(2.0)
    assert pbx.up
    assert Client(pbx).ask("CoreShowChannels")[-1]["ListItems"] == "0"


def test_who_logs_off_hears_goodbye(client: Client) -> None:
    assert client.ask("Logoff")[0]["Message"] == "Thanks for all the fish."
    assert client.closed
