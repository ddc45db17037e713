"""What each event of Asterisk does to the calls."""

from collections.abc import Callable

from telephony import bridging, dialling, living, moves, snapshot, transfers
from telephony.channels import Message
from telephony.story import At
from telephony.tracker import Tracker

Step = Callable[[Tracker, Message, At], None]

STEPS: dict[str, Step] = {
    "Newstate": living.new_state,
    "NewCallerid": moves.new_callerid,
    "Rename": moves.rename,
    "DialBegin": dialling.dial_begin,
    "DialState": dialling.dial_state,
    "DialEnd": dialling.dial_end,
    "LocalBridge": moves.local_bridge,
    "BridgeEnter": bridging.bridge_enter,
    "BridgeLeave": bridging.bridge_leave,
    "HangupRequest": living.hangup_request,
    "SoftHangupRequest": living.soft_hangup_request,
    "Hold": moves.hold,
    "Unhold": moves.unhold,
    "QueueCallerJoin": moves.queue_join,
    "Join": moves.queue_join,
    "QueueCallerLeave": moves.queue_leave,
    "Leave": moves.queue_leave,
    "QueueCallerAbandon": moves.queue_abandon,
    "QueueEntry": snapshot.queue_entry,
    "BlindTransfer": transfers.blind_transfer,
    "AttendedTransfer": transfers.attended_transfer,
    "Pickup": moves.pickup,
    "ParkedCall": moves.parked,
    "UnParkedCall": moves.unparked,
    "ParkedCallTimeOut": moves.park_over,
    "ParkedCallGiveUp": moves.park_over,
    "ConfbridgeJoin": moves.conference_join,
    "MeetmeJoin": moves.conference_join,
    "MessageWaiting": moves.message_waiting,
    "VarSet": moves.variable_set,
    "OriginateResponse": moves.originate_response,
    "CoreShowChannel": snapshot.core_show_channel,
}
"""By the event's name; those that concern more than the calls are in `telephony.exchange`."""
