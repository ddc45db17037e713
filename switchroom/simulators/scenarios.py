"""Scripted stories: what phones do, second by second, for tests and recordings. Time is virtual."""

from collections.abc import Callable

from switchroom.simulators import consulting
from switchroom.simulators.originating import Order, originate
from switchroom.simulators.pbx import SimulatedCall, SimulatedPbx

CUSTOMER = "+79211234567"
OTHER = "+79031112233"
Story = Callable[[SimulatedPbx], None]
STORIES: dict[str, Story] = {}


def _story(story: Story) -> Story:
    STORIES[story.__name__] = story
    return story


def _talk(pbx: SimulatedPbx, to: str = "101", by: str = "101", name: str = "") -> SimulatedCall:
    """A customer who calls and, two seconds later, talks."""
    call = pbx.incoming(CUSTOMER, to, name)
    pbx.wait(2)
    call.answer(by)
    pbx.wait(2)
    return call


def _end(pbx: SimulatedPbx, call: SimulatedCall) -> None:
    pbx.wait(3)
    call.hang_up()
    pbx.wait(1)


@_story
def answered(pbx: SimulatedPbx) -> None:
    """A customer calls 101, who answers after 2 s; the customer hangs up."""
    _end(pbx, _talk(pbx, name="Иван Петров"))


@_story
def agent_hangs_up(pbx: SimulatedPbx) -> None:
    """The same, but 101 hangs up."""
    _talk(pbx)
    pbx.phone("101").hang_up()


@_story
def withheld_number(pbx: SimulatedPbx) -> None:
    """A caller without a number is answered by 101."""
    call = pbx.incoming(None)
    pbx.wait(2)
    call.answer("101")
    _end(pbx, call)


@_story
def cancelled(pbx: SimulatedPbx) -> None:
    """The customer hangs up while 101 rings."""
    _end(pbx, pbx.incoming(CUSTOMER))


@_story
def no_answer(pbx: SimulatedPbx) -> None:
    """101 rings until the PBX gives up."""
    pbx.incoming(CUSTOMER)
    pbx.wait(40)


@_story
def busy(pbx: SimulatedPbx) -> None:
    """101 does not want to be disturbed."""
    pbx.phone("101").disturb(allowed=False)
    pbx.incoming(CUSTOMER)
    pbx.wait(1)
    pbx.phone("101").disturb(allowed=True)


@_story
def rejected(pbx: SimulatedPbx) -> None:
    """101 presses the red key."""
    pbx.incoming(CUSTOMER)
    pbx.wait(3)
    pbx.phone("101").reject()
    pbx.wait(1)


@_story
def queue_second_member(pbx: SimulatedPbx) -> None:
    """The queue rings 101 in vain, then 102 answers."""
    call = pbx.incoming(CUSTOMER, "sales")
    pbx.wait(18)
    call.answer("102")
    _end(pbx, call)


@_story
def queue_abandoned(pbx: SimulatedPbx) -> None:
    """The customer hangs up while the queue rings 101."""
    call = pbx.incoming(CUSTOMER, "sales")
    pbx.wait(5)
    call.hang_up()


@_story
def queue_ring_all(pbx: SimulatedPbx) -> None:
    """The queue rings 104, 105 and 106 at once; 105 answers."""
    _end(pbx, _talk(pbx, "support", "105"))


@_story
def ring_group(pbx: SimulatedPbx) -> None:
    """107, 108 and 109 ring at once; 108 answers."""
    _end(pbx, _talk(pbx, "610", "108"))


@_story
def menu_then_queue(pbx: SimulatedPbx) -> None:
    """The customer presses 1 in a menu and gets the queue; 101 answers."""
    call = pbx.incoming(CUSTOMER, "menu:sales")
    pbx.wait(5)
    call.answer("101")
    _end(pbx, call)


@_story
def internal(pbx: SimulatedPbx) -> None:
    """104 calls 105."""
    call = pbx.internal("104", "105")
    pbx.wait(1)
    call.answer("105")
    _end(pbx, call)


@_story
def outbound(pbx: SimulatedPbx) -> None:
    """101 calls a customer, who hangs up."""
    call = pbx.internal("101", CUSTOMER)
    pbx.wait(4)
    call.answer()
    pbx.wait(5)
    call.outside_hangs_up()


@_story
def outbound_busy(pbx: SimulatedPbx) -> None:
    """101 calls a customer who is talking to somebody else."""
    pbx.internal("101", CUSTOMER)
    pbx.wait(2)
    pbx.outside.reject("busy")


@_story
def click_to_call(pbx: SimulatedPbx) -> None:
    """101 clicks a number: his phone rings first, then the customer's."""
    _click(pbx)
    pbx.wait(2)
    pbx.phone("101").answer()
    pbx.wait(3)
    pbx.outside.answer()
    pbx.wait(3)
    pbx.outside.hang_up()


@_story
def click_to_call_unanswered(pbx: SimulatedPbx) -> None:
    """101 clicks a number and does not pick his own phone up."""
    _click(pbx)
    pbx.wait(31)


def _click(pbx: SimulatedPbx) -> None:
    pbx.phone("101").habits.answers_own = None
    order = Order(endpoint="PJSIP/101", context="from-internal", exten=CUSTOMER, number=CUSTOMER, action_id="click")
    originate(pbx.switch, order)


@_story
def hold(pbx: SimulatedPbx) -> None:
    """101 holds the customer for 3 s."""
    call = _talk(pbx)
    pbx.phone("101").hold()
    pbx.wait(3)
    pbx.phone("101").resume()
    _end(pbx, call)


@_story
def blind_transfer(pbx: SimulatedPbx) -> None:
    """101 sends the customer to 103, who answers."""
    call = _talk(pbx)
    pbx.phone("101").transfer("103")
    pbx.wait(2)
    call.answer("103")
    _end(pbx, call)


@_story
def blind_transfer_unanswered(pbx: SimulatedPbx) -> None:
    """101 sends the customer to 103, who does not answer."""
    _talk(pbx)
    pbx.phone("101").transfer("103")
    pbx.wait(40)


@_story
def attended_transfer(pbx: SimulatedPbx) -> None:
    """101 asks 103 on a second line of his phone, then joins the two."""
    call = _talk(pbx)
    pbx.phone("101").consult("103")
    pbx.wait(1)
    pbx.phone("103").answer()
    pbx.wait(2)
    pbx.phone("101").complete()
    _end(pbx, call)


@_story
def attended_transfer_by_pbx(pbx: SimulatedPbx) -> None:
    """101 asks 103 through the PBX (AMI Atxfer) and hangs up."""
    call = _talk(pbx)
    consulting.begin(pbx.switch, pbx.phone("101").channels[0], "103", "from-internal")
    pbx.wait(2)
    pbx.phone("103").answer()
    pbx.wait(2)
    pbx.phone("101").hang_up()
    _end(pbx, call)


@_story
def consultation_taken_back(pbx: SimulatedPbx) -> None:
    """101 asks 103 through the PBX and goes back to the customer."""
    call = _talk(pbx)
    channel = pbx.phone("101").channels[0]
    consulting.begin(pbx.switch, channel, "103", "from-internal")
    pbx.wait(2)
    pbx.phone("103").answer()
    pbx.wait(2)
    consulting.abort(pbx.switch, channel)
    _end(pbx, call)


@_story
def pickup(pbx: SimulatedPbx) -> None:
    """102 calls 101; 103 picks the call up."""
    call = pbx.internal("102", "101")
    pbx.wait(2)
    pbx.phone("103").pick_up("101")
    _end(pbx, call)


@_story
def parked(pbx: SimulatedPbx) -> None:
    """101 parks the customer, 102 takes him from the lot."""
    call = _talk(pbx)
    space = pbx.phone("101").park()
    pbx.wait(5)
    pbx.phone("102").dial(str(space))
    _end(pbx, call)


@_story
def two_calls_at_once(pbx: SimulatedPbx) -> None:
    """A second customer calls 101, who talks, and gives up."""
    first = _talk(pbx)
    second = pbx.incoming(OTHER)
    pbx.wait(3)
    second.hang_up()
    _end(pbx, first)


@_story
def unknown_number(pbx: SimulatedPbx) -> None:
    """101 dials an extension that nobody has."""
    pbx.internal("101", "199")
    pbx.wait(1)


@_story
def voicemail(pbx: SimulatedPbx) -> None:
    """112 does not answer, and the customer leaves a message."""
    pbx.incoming(CUSTOMER, "112")
    pbx.wait(45)


def record(name: str, pbx: SimulatedPbx) -> bytes:
    """The AMI stream of a story, from the banner on, as a client reads it."""
    with pbx.recorded() as recording:
        STORIES[name](pbx)
    return bytes(recording)
