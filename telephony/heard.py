"""Which events the core of a PBX needs; all others may be filtered out before they are read."""

QUEUE_EVENTS = frozenset(
    [
        "Join",
        "Leave",
        "QueueCallerAbandon",
        "QueueCallerJoin",
        "QueueCallerLeave",
        "QueueEntry",
        "QueueMember",
        "QueueMemberAdded",
        "QueueMemberPause",
        "QueueMemberPaused",
        "QueueMemberRemoved",
        "QueueMemberStatus",
        "QueueParams",
        "QueueStatusComplete",
    ]
)
HEARD = QUEUE_EVENTS | frozenset(
    [
        "AttendedTransfer",
        "BlindTransfer",
        "BridgeEnter",
        "BridgeLeave",
        "ConfbridgeJoin",
        "CoreShowChannel",
        "CoreShowChannelsComplete",
        "DeviceStateChange",
        "Dial",
        "DialBegin",
        "DialEnd",
        "DialState",
        "ExtensionStatus",
        "FullyBooted",
        "Hangup",
        "HangupRequest",
        "Hold",
        "LocalBridge",
        "MeetmeJoin",
        "MessageWaiting",
        "NewCallerid",
        "Newchannel",
        "Newstate",
        "OriginateResponse",
        "ParkedCall",
        "ParkedCallGiveUp",
        "ParkedCallTimeOut",
        "Pickup",
        "Rename",
        "Shutdown",
        "SoftHangupRequest",
        "UnParkedCall",
        "Unhold",
    ]
)
HEARD_IN_REPLAY = HEARD | {"VarSet"}
"""A recording costs nothing to read whole: a message left is also told by VMSTATUS, where nothing else tells it."""
