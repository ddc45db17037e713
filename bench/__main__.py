"""`./run bench [name …]`: run the benchmarks one after the other and show one table of ratios."""

import asyncio
import importlib
import pkgutil
import sys

from rich.console import Console
from rich.table import Table

import bench
from bench.table import Row

INNER = {"table", "wire", "million", "__main__"}


def names() -> list[str]:
    """The benchmarks there are: every module here that has a `run`."""
    return sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if module.name not in INNER)


def shown(rows: list[Row]) -> Table:
    """The rows as people read them: ours beside the peer's, and the ratio the goal speaks of."""
    table = Table("benchmark", "ours", "peer or limit", "ours ÷ peer", "goal", "reached")
    for row in rows:
        ratio = f"{row.ours / row.peer:.2f}" if row.peer else "—"
        peer = f"{row.peer:,.4g} {row.unit} ({row.peer_name})" if row.peer is not None else row.peer_name
        table.add_row(row.what, f"{row.ours:,.4g} {row.unit}", peer, ratio, row.goal, "yes" if row.reached else "NO")
    return table


def main(wanted: list[str]) -> int:
    """Exit status: 0 all goals reached, 1 one was missed, 2 an unknown name."""
    known = names()
    if unknown := [name for name in wanted if name not in known]:
        sys.stderr.write(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(known)}\n")
        return 2
    rows: list[Row] = []
    console = Console(width=None if sys.stdout.isatty() else 160)
    for name in wanted or known:
        console.print(f"[dim]{name} …[/dim]")
        module = importlib.import_module(f"bench.{name}")
        if hasattr(module, "run"):
            rows += asyncio.run(module.run())
    console.print(shown(rows))
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
