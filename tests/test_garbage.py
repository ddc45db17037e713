"""The garbage collector in a server that must not pause."""

import asyncio
import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from switchroom import garbage


class _Node:
    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    threshold, callbacks = gc.get_threshold(), gc.callbacks.copy()
    yield
    gc.set_threshold(*threshold)
    gc.callbacks[:] = callbacks
    gc.unfreeze()


def test_what_outlived_its_youth_is_not_looked_through_while_calls_come() -> None:
    garbage.spare_what_stays()
    kept = [_Node() for _ in range(10)]
    spared = gc.get_freeze_count()
    gc.collect(1)
    assert gc.get_freeze_count() > spared, "the survivors joined what is spared"
    assert len(kept) == 10


@pytest.mark.parametrize(("busy_until", "passes"), [(0.0, True), (float("inf"), False)])
async def test_everything_is_looked_through_when_it_is_quiet(
    monkeypatch: pytest.MonkeyPatch, busy_until: float, passes: bool
) -> None:
    monkeypatch.setattr(garbage, "EVERY", 0.01)
    monkeypatch.setattr(garbage, "LOOKS", 0.001)
    garbage.spare_what_stays()
    knot = _Node()
    left = ref(knot)
    gc.freeze()
    del knot
    asked = asyncio.Event()

    def quiet() -> bool:
        asked.set()
        return asyncio.get_running_loop().time() > busy_until

    looking = asyncio.create_task(garbage.look_through(quiet))
    await asked.wait()
    await asyncio.sleep(0.02)
    assert (left() is None) is passes
    looking.cancel()
