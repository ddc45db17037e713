"""A record of a call held against what a story must be told as: the differences, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]


def differences(records: Sequence[Record], expected: Sequence[Record]) -> list[str]:
    """What differs between the records told (contract, section 4) and those expected, oldest first; [] if nothing.

    Only the fields that an expectation names are compared. Short forms: `caller_number`, `caller_name`,
    `caller_extension`; `legs` as [extension, result]; `transfers` as [kind, by, to, result]; `parked` as how
    often; `held` as whether anybody was on hold.
    """
    if len(records) != len(expected):
        return [f"{len(records)} records instead of {len(expected)}"]
    return [
        f"{name}: {told!r} instead of {wanted!r}"
        for record, fields in zip(records, expected, strict=True)
        for name, wanted in fields.items()
        if not agrees(told := short(record, name), wanted)
    ]


def agrees(told: object, wanted: object) -> bool:
    """Whether a value is as expected; seconds within 0.3, legs in any order, None for seconds: any."""
    if isinstance(told, float):
        return wanted is None or abs(told - float(str(wanted))) < 0.3
    if isinstance(told, list) and isinstance(wanted, list | tuple) and told and isinstance(told[0], list):
        return sorted(map(str, told)) == sorted(map(str, map(list, wanted)))
    return told == (list(wanted) if isinstance(wanted, tuple) else wanted)


def short(record: Record, name: str) -> object:
    """A field in the short form of an expectation."""
    match name:
        case "caller_number" | "caller_name" | "caller_extension":
            return record["caller"][name.removeprefix("caller_")]
        case "legs":
            return [[leg["extension"], leg["result"]] for leg in record["legs"]]
        case "transfers":
            return [[each["kind"], each["by"], each["to"], each["result"]] for each in record["transfers"]]
        case "parked":
            return len(record["parked"])
        case "held":
            return record["hold_seconds"] > 0
        case _:
            return record[name]
