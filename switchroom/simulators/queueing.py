"""Waiting in a queue: join, ring the members in turn, try again, leave."""

from switchroom.simulators import queues
from switchroom.simulators.channels import Channel
from switchroom.simulators.dialing import hang_up_all, start_dialing
from switchroom.simulators.queues import Member, Queue, Waiting
from switchroom.simulators.switch import Switch


def join(switch: Switch, queue: Queue, channel: Channel) -> None:
    """The caller hears music and waits for a member."""
    waiting = Waiting(queue=queue, channel=channel, joined=switch.clock.now, place=len(queue.entries) + 1)
    queue.entries.append(waiting)
    channel.waiting = waiting
    if len(queue.entries) == 1:
        switch.emit("DeviceStateChange", [("Device", f"Queue:{queue.name}"), ("State", "RINGING")])
    counts = [("Queue", queue.name), ("Position", str(waiting.place)), ("Count", str(len(queue.entries)))]
    switch.emit("QueueCallerJoin", channel.snapshot(), counts, privilege="agent,all")
    switch.emit("MusicOnHoldStart", channel.snapshot(), [("Class", "default")])
    waiting.timers.append(switch.clock.after(queue.max_wait, lambda: _waited_too_long(switch, waiting)))
    _ring(switch, waiting)


def _ring(switch: Switch, waiting: Waiting) -> None:
    free = free_members(switch, waiting.queue)
    if not free:
        _try_again(switch, waiting)
        return
    waiting.queue.last_rung = free[0].interface
    waiting.rang = switch.clock.now
    start_dialing(
        switch,
        waiting.channel,
        [(member.interface, member.interface) for member in free],
        seconds=waiting.queue.ring_seconds,
        unanswered=lambda _: _try_again(switch, waiting),
        waiting=waiting,
    )


def _try_again(switch: Switch, waiting: Waiting) -> None:
    def again() -> None:
        if waiting in waiting.queue.entries:
            _ring(switch, waiting)
            switch.settle()

    waiting.timers.append(switch.clock.after(waiting.queue.retry_seconds, again))


def free_members(switch: Switch, queue: Queue) -> list[Member]:
    """The members the queue would ring now."""
    names = [member.interface for member in queue.members]
    start = names.index(queue.last_rung) + 1 if queue.last_rung in names else 0
    turn = queue.members[start:] + queue.members[:start]
    free = [member for member in turn if not member.paused and _idle(switch, member)]
    return free if queue.strategy == "ringall" else free[:1]


def _idle(switch: Switch, member: Member) -> bool:
    device = switch.devices.get(member.interface)
    return device is not None and device.registered and not switch.of_endpoint(device.endpoint)


def _waited_too_long(switch: Switch, waiting: Waiting) -> None:
    if waiting.dialing is not None:
        waiting.dialing.give_up(switch)
    switch.emit("MusicOnHoldStop", waiting.channel.snapshot())
    queues.leave(switch, waiting)
    hang_up_all(switch, waiting.channel, 16)
    switch.settle()
