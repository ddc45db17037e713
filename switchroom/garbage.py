"""Python's garbage collector in a server that must not pause."""

import gc


def spare_what_stays() -> None:
    """Call once everything is up: what is here stays, and no collection looks through it again. Calls come and go
    by reference counts alone; cycles are few, and looked for a tenth as often (measured: 8 % of a pop's time)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
