"""The far ends of the live feed's benchmarks, C programs compiled at bench time; `wire.c` is driven over stdin."""

import asyncio
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path


def compiler() -> str | None:
    """The C compiler there is, if any."""
    return shutil.which("gcc") or shutil.which("cc")


async def compiled(folder: str, name: str = "wire") -> str:
    """The C file `name` beside this one as a program in `folder`."""
    program, source = str(Path(folder, name)), str(Path(__file__).with_name(f"{name}.c"))
    process = await asyncio.create_subprocess_exec(compiler() or "cc", "-O2", "-o", program, source)
    if await process.wait() != 0:
        message = f"{source} does not compile: it needs gcc (apt-get install gcc)"
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
