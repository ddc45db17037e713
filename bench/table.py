"""What a benchmark returns: rows of one table of ratios."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure: ours beside the peer's or limit's, both medians of the same interleaved run."""

    what: str
    ours: float
    peer: float | None
    unit: str
    peer_name: str
    goal: str
    reached: bool
