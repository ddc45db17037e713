"""The far ends of the fan-out benchmark's wires: `wire.c` compiled at bench time, driven over stdin."""

import asyncio
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("wire.c")


def compiler() -> str | None:
    """The C compiler there is, if any."""
    return shutil.which("gcc") or shutil.which("cc")


async def compiled(folder: str) -> str:
    """`wire.c` as a program in `folder`."""
    program = str(Path(folder, "wire"))
    process = await asyncio.create_subprocess_exec(compiler() or "cc", "-O2", "-o", program, str(SOURCE))
    if await process.wait() != 0:
        message = f"{SOURCE} does not compile"
        raise RuntimeError(message)
    return program


@dataclass(slots=True)
class Wire:
    """A running end."""

    process: Process
    port: int = 0

    async def ask(self, line: str) -> list[int]:
        """Say `line`, read the numbers it answers."""
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        return [int(word) for word in await self.answer()]

    async def answer(self) -> list[str]:
        """The next line of words."""
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().split()

    async def ready(self) -> "Wire":
        """Wait until it is."""
        self.port = int((await self.answer())[1])
        return self


@asynccontextmanager
async def wire(program: str, *arguments: object) -> AsyncIterator[Wire]:
    """Run an end while inside."""
    process = await asyncio.create_subprocess_exec(program, *map(str, arguments), stdin=PIPE, stdout=PIPE)
    try:
        yield Wire(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
