import asyncio
import socket
from pathlib import Path

import pytest

from switchroom import service_manager, supervision


async def test_a_part_that_fails_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "FIRST_PAUSE", 0.001)
    starts = 0
    healthy = asyncio.Event()

    async def fragile() -> None:
        nonlocal starts
        starts += 1
        if starts < 3:
            raise RuntimeError
        healthy.set()
        await asyncio.Event().wait()

    async with supervision.supervision(fragile=fragile):
        await healthy.wait()
    assert starts == 3


async def test_at_the_end_every_part_is_gone() -> None:
    gone: list[str] = []

    async def lasting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            gone.append("lasting")

    async with supervision.supervision(lasting=lasting):
        await asyncio.sleep(0)
    assert gone == ["lasting"]


async def test_why_the_block_failed_is_told_as_it_is() -> None:
    async def lasting() -> None:
        await asyncio.Event().wait()

    with pytest.raises(OSError, match="port 80 is taken"):
        async with supervision.supervision(lasting=lasting):
            raise OSError("port 80 is taken")


def test_the_service_manager_is_told_when_we_are_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        service_manager.notify("READY=1")
        assert manager.recv(100) == b"READY=1"


def test_without_a_service_manager_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    service_manager.notify("READY=1")
