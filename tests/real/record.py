"""Play stories on a real Asterisk and keep the AMI streams: `python -m tests.real.record 22 FOLDER [STORY …]`.

`SIP16` plays them on chan_sip. Beside every `NAME.ami` (or `NAME.1.ami`, `NAME.2.ami`, … where the link was
lost) `NAME.json` says what the phones did and what record that must give.
"""

import asyncio
import json
import sys
from pathlib import Path

from tests.real.asterisk import Asterisk
from tests.real.recorder import Recorder
from tests.real.stage import EXTENSIONS, STORIES, Stage, Story
from tests.real.stories import consultations, conversations, groups, inside, machines, menus, plain, queues, transfers  # noqa: F401  # noqa: F401

CONFIG = """country = "RU"
area_code = "495"
[[pbx]]
name = "main"
host = "127.0.0.1"
port = 5038
username = "x"
secret = "x"
trunks = ["{technology}/trunk*", "{technology}/provider*"]
phone = "{technology}/{{extension}}"
[pbx.extensions]
"{technology}/106-softphone" = "106"
"{technology}/150010001" = "201"
"""


async def played(pbx: Asterisk, story: Story) -> Stage:
    """Play one story from calm to calm."""
    await pbx.calm()
    stage = Stage(pbx, Recorder())
    if not story.late:
        await stage.connect(snapshot=story.snapshot)
    await story.play(stage)
    devices = [*pbx.phones.values(), *pbx.trunks.values()]
    for device in devices:
        await device.hang_up_all()
    await asyncio.sleep(0.2)
    diary = [line for device in devices for line in device.diary]
    stage.diary = sorted(diary, key=lambda line: float(str(line["at"])))
    await pbx.calm()
    await asyncio.sleep(0.2)
    await stage.ami.close()
    return stage


def keep(folder: Path, story: Story, stage: Stage) -> None:
    """Write the streams and what is known of them."""
    streams = [recorder for recorder in (*stage.earlier, stage.ami) if recorder.data]
    for old in (*folder.glob(f"{story.name}.ami"), *folder.glob(f"{story.name}.[0-9].ami")):
        old.unlink()
    for number, recorder in enumerate(streams, 1):
        name = f"{story.name}.ami" if len(streams) == 1 else f"{story.name}.{number}.ami"
        (folder / name).write_bytes(recorder.data)
    pbx = stage.pbx
    known = {
        "story": story.name, "version": pbx.version, "technology": pbx.technology, "what": story.what,
        "records": story.records, "phones": stage.diary,
        "actions": [action for recorder in streams for action in recorder.sent],
    }  # fmt: skip
    (folder / f"{story.name}.json").write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n")


def wanted(pbx: Asterisk, names: list[str]) -> list[Story]:
    """The stories to be played on this PBX."""
    chosen = [STORIES[name] for name in names] if names else list(STORIES.values())
    return [story for story in chosen if story.only in ("", pbx.version, pbx.technology)]


async def main(which: str, folder: Path, names: list[str]) -> int:
    """Record all stories, or those named; the number that failed."""
    technology, version = ("SIP", which[3:]) if which.startswith("SIP") else ("PJSIP", which)
    failed = 0
    async with Asterisk(version, technology=technology, system="" if version == "16" else "pbx22") as pbx:
        for extension in EXTENSIONS:
            await pbx.phone(extension)
        for story in wanted(pbx, names):
            try:
                keep(folder, story, await played(pbx, story))
                print("ok  ", story.name)
            except Exception as problem:  # noqa: BLE001
                failed += 1
                print("FAIL", story.name, repr(problem)[:300])
                await pbx.again()
    return failed


if __name__ == "__main__":
    place = Path(sys.argv[2])
    place.mkdir(parents=True, exist_ok=True)
    (place / "replay.toml").write_text(CONFIG.format(technology="SIP" if "SIP" in sys.argv[1] else "PJSIP"))
    sys.exit(1 if asyncio.run(main(sys.argv[1], place, sys.argv[3:])) else 0)
