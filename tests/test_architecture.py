"""The house keeps its shape: sizes and names that a newcomer relies on. Imports are checked by import-linter."""

import ast
from pathlib import Path

import pytest

ROOMS = ("switchroom", "domain", "config", "crm_store", "telephony", "sms", "fax", "screenpop", "scripts")
MODULES = sorted(path for room in ROOMS for path in Path(room).rglob("*.py"))
FORBIDDEN = {"utils", "helpers", "base", "manager", "common"}
PURE = (
    *(f"domain/{name}.py" for name in ("calls", "events", "presence", "phone", "rights", "problems", "record")),
    *(
        f"telephony/{name}.py"
        for name in ("channels", "tracker", "boot", "exchange", "presence", "queues", "stream", "replay", "possible")
    ),
    *(f"screenpop/{name}.py" for name in ("desk", "lines", "floor", "protocol", "states", "admission")),
)
IO = {"asyncio", "socket", "asyncpg", "aiohttp", "websockets", "panoramisk", "time", "subprocess"}


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_is_short_enough_to_be_one_thing(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_is_named_by_what_it_is(module: Path) -> None:
    assert module.stem not in FORBIDDEN


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_does_no_io_and_reads_no_clock(module: str) -> None:
    assert not imported(Path(module)) & IO


def test_sql_lives_in_the_store_and_nowhere_else() -> None:
    outside = [path for path in MODULES if path.parts[0] != "crm_store" and "asyncpg" in imported(path)]
    assert outside == []
