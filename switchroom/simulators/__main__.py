"""The simulated PBX as a program of its own: `python -m switchroom.simulators --help`."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from switchroom.simulators.load import Load, LoadCall, LoadPlan
from switchroom.simulators.managers import Manager
from switchroom.simulators.pbx import SimulatedPbx
from switchroom.simulators.traffic import RandomTraffic

EPILOG = """\
example:
  python -m switchroom.simulators --port 5038 --rate 100 --seconds 30 --start line
prints JSON lines: {"event": "listening", "host", "port"}, {"event": "logged_in"}, {"event": "started"},
then for every call {"event": "ring", "index", "number", "extension", "linkedid", "written_at"} (written_at: the
monotonic second just before the bytes in which the phone rings were written), and at the end
{"event": "done", "calls", "messages", "bytes", "seconds"}. With --rate 0 it plays the demo's random traffic.
"""


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m switchroom.simulators",
        description="A PBX that speaks AMI as Asterisk 22 does.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one, printed")
    parser.add_argument("--username", default="switchroom")
    parser.add_argument("--secret", default="switchroom")
    parser.add_argument("--rate", type=float, default=0.0, help="calls a second; 0: calm random traffic")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long new calls come")
    parser.add_argument("--extensions", type=int, default=500, help="how many phones")
    parser.add_argument("--first-extension", type=int, default=1001)
    parser.add_argument("--ring", type=float, default=1.0, help="seconds until a phone is answered")
    parser.add_argument("--talk", type=float, default=3.0, help="seconds until the caller hangs up")
    parser.add_argument("--queue-share", type=float, default=0.5, help="part of the calls that come through a queue")
    parser.add_argument("--first-number", type=int, default=79000000000, help="callers: first number, without +")
    parser.add_argument("--numbers", type=int, default=1_000_000, help="callers: how many numbers in a row")
    parser.add_argument("--stride", type=int, default=7919, help="callers: from one call's number to the next's")
    parser.add_argument(
        "--start",
        choices=["login", "line"],
        default="login",
        help="begin 2 s after a client logged in, or when a line comes on the standard input",
    )
    return parser.parse_args(given)


def say(event: str, **facts: Any) -> None:
    """One JSON line on the standard output."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


async def run(options: argparse.Namespace) -> None:
    """Serve until the load is over, or for ever."""
    plan = LoadPlan(
        rate=options.rate,
        seconds=options.seconds,
        first_extension=options.first_extension,
        extensions=options.extensions,
        ring_seconds=options.ring,
        talk_seconds=options.talk,
        queue_share=options.queue_share,
        first_number=options.first_number,
        numbers=options.numbers,
        stride=options.stride,
    )
    managers = (Manager(username=options.username, secret=options.secret),)
    pbx = plan.pbx(managers=managers) if options.rate else SimulatedPbx(managers=managers, manual=("101",))
    async with pbx.serve(options.host, options.port) as (host, port):
        say("listening", host=host, port=port)
        if not options.rate:
            RandomTraffic(pbx, 4.0, [("+79211234567", ""), ("+79031112233", "")]).start()
            await asyncio.Event().wait()
        await _begin(pbx, options.start)
        await _load(pbx, plan)


async def _begin(pbx: SimulatedPbx, when: str) -> None:
    if when == "line":
        await asyncio.to_thread(sys.stdin.readline)
        return
    await pbx.logged_in.wait()
    say("logged_in")
    await asyncio.sleep(2.0)


async def _load(pbx: SimulatedPbx, plan: LoadPlan) -> None:
    rung: list[LoadCall] = []
    load = Load(pbx, plan, rung.append)
    say("started")
    load.start()
    while not load.done:
        await asyncio.sleep(0.2)
        for call in rung:
            sys.stdout.write(json.dumps({"event": "ring", **asdict(call)}) + "\n")
        sys.stdout.flush()
        rung.clear()
    say("done", calls=load.calls, messages=load.messages, bytes=load.written, seconds=plan.seconds)


if __name__ == "__main__":
    asyncio.run(run(arguments()))
