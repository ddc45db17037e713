"""A real NATS server for whoever asks."""

import asyncio
import re
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def nats_server() -> AsyncIterator[str]:
    """A NATS server of our own on a free port; gives its address."""
    program = Path(sysconfig.get_path("scripts")) / "nats-server"
    server = await asyncio.create_subprocess_exec(
        program, "--addr", "127.0.0.1", "--port", "-1", stderr=asyncio.subprocess.PIPE
    )
    assert server.stderr is not None
    port = ""
    while not port:
        line = (await server.stderr.readline()).decode()
        assert line, "nats-server ended"
        if found := re.search(r"client connections on 127\.0\.0\.1:(\d+)", line):
            port = found[1]
    try:
        yield f"nats://127.0.0.1:{port}"
    finally:
        server.terminate()
        await server.communicate()
