"""The `switchroom` command as a person at a terminal meets it."""

import asyncio
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from crm_store.database import Database
from crm_store.users import Users
from switchroom import attendance
from tests.processes import command, free_ports, serve, written
from tests.whole import Screen, house_for, settings_for

COMMANDS = ("serve", "demo", "replay", "record", "doctor", "migrate", "user add", "user list", "user disable")


class Terminal:
    """A pseudo-terminal with a command in it."""

    def __init__(self, process: asyncio.subprocess.Process, descriptor: int) -> None:
        self.process, self._descriptor = process, descriptor
        self.shown = ""

    async def shows(self, text: str) -> None:
        """Wait until `text` stood on the screen."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(60):
            while text not in self.shown:
                try:
                    read = await loop.run_in_executor(None, os.read, self._descriptor, 65536)
                except OSError:  # the command has gone
                    read = b""
                assert read, f"it never showed {text!r}: {self.shown}"
                self.shown += read.decode(errors="replace")


@asynccontextmanager
async def terminal(*words: str | Path) -> AsyncIterator[Terminal]:
    """`switchroom` on a terminal; Ctrl+C at the end."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "switchroom",
        *words,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "160"},
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), 60)
        os.close(ours)


@pytest.mark.parametrize("name", ["", "user", *COMMANDS])
async def test_every_command_explains_itself_with_an_example(name: str) -> None:
    status, out, _ = await command(*name.split(), "--help")
    assert (status, "Example: " in out) == (0, True)
    if name in COMMANDS:
        assert "--config" in out


@pytest.mark.parametrize(
    "words",
    ["", "sing", "serve --loud", "demo --port 0", "demo --config no", "user add"],
)
async def test_wrong_use_exits_2_with_a_reason(words: str) -> None:
    status, out, err = await command(*words.split())
    assert (status, bool(out + err)) == (2, True)
    assert "Traceback" not in err


async def test_serve_on_a_terminal_says_in_words_what_to_open(
    database: Database, data_dir: Path, tmp_path: Path
) -> None:
    web, live = free_ports(2)
    config = written(tmp_path, data_dir, web=web, live=live)
    async with terminal("serve", "--config", config) as screen:
        await screen.shows(f"Switchroom is running: open http://127.0.0.1:{web}")
        assert '{"' not in screen.shown, "a person reads no JSON"


async def test_migrate_shows_on_a_terminal_how_far_it_is(database: Database, data_dir: Path, tmp_path: Path) -> None:
    config = written(tmp_path, data_dir, web=1, live=2)
    async with terminal("migrate", "--config", config) as screen:
        await screen.shows("The tables are up to date.")
        assert "100%" in screen.shown
    status, out, err = await command("migrate", "--config", config)
    assert (status, out, "%" in err) == (0, "", False)


async def test_who_is_added_on_the_command_line_reads_the_houses_language_and_clock(
    database: Database, data_dir: Path, tmp_path: Path
) -> None:
    config = written(tmp_path, data_dir, web=1, live=2)
    config.write_text(f'language = "en"\ntime_zone = "Asia/Yekaterinburg"\n{config.read_text()}')
    words = ("user", "add", "olga", "--role", "agent", "--password-stdin", "--config", config)
    status, _, told = await command(*words, typed="correct horse\n")
    assert (status, told) == (0, "olga may log in.\n")
    olga = await Users(database).by_login("olga")
    assert (olga.language, olga.time_zone) == ("en", "Asia/Yekaterinburg")


async def test_a_server_whose_bus_is_away_can_be_stopped_while_it_waits(
    database: Database, data_dir: Path, tmp_path: Path
) -> None:
    web, live, nobody = free_ports(3)
    config = written(tmp_path, data_dir, web=web, live=live, nats=f"nats://127.0.0.1:{nobody}")
    async with serve(config, ready=False) as server:
        await server.says("the NATS server is not well")
        assert await server.ends() == 0
    assert "told to stop before it was up" in [entry["event"] for entry in server.log]


async def test_a_server_whose_bus_stays_away_says_so_and_ends(
    database: Database, data_dir: Path, tmp_path: Path
) -> None:
    web, live, nobody = free_ports(3)
    config = written(tmp_path, data_dir, web=web, live=live, nats=f"nats://127.0.0.1:{nobody}")
    status, _, err = await command("serve", "--config", config)
    assert (status, "no NATS server took us in" in err, "Traceback" in err) == (1, True, False)


async def let_go(screen: Screen) -> int | None:
    """Read to the end; the code."""
    with suppress(ConnectionClosed):
        async with asyncio.timeout(60):
            while True:
                await screen.connection.recv()
    return screen.connection.close_code


async def test_a_running_server_notices_who_was_shut_out_elsewhere_and_whose_session_ran_out(
    database: Database, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance, "EVERY", 0.1)
    config = written(tmp_path, data_dir, web=1, live=2)
    async with house_for(settings_for(data_dir)) as house:
        for login in ("anna", "boris", "vera"):
            await house.hires(login, "agent", None)
        pages = [(await house.opens_page(login))[0] for login in ("anna", "boris", "vera")]
        assert (await command("user", "disable", "anna", "--config", config))[0] == 0
        assert await let_go(pages[0]) == 4001
        late = "update session set seen_at = now() - interval '1 day' where user_id = $1"
        await database.pool.execute(late, (await house.server.store.users.by_login("boris")).id)
        assert await let_go(pages[1]) == 4001
        await pages[2].until("ping")
