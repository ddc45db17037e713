"""Reading the settings: one TOML file, overridden by the environment, every fault named by file, line and key."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.settings import (
    Bus,
    Database,
    Fax,
    HttpGateway,
    Live,
    Mail,
    Pbx,
    Section,
    Settings,
    SmppGateway,
    TwilioGateway,
    Web,
)

PREFIX = "SWITCHROOM_"


class ConfigurationError(Exception):
    """The configuration cannot be used; the text names file, line, key and what was expected."""


def load(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read `path`, apply `SWITCHROOM_…` overrides of `environment` (default: the process's), check everything.

    Relative paths are read from the file's folder. Raises ConfigurationError with one line for each fault.
    """
    environment = os.environ if environment is None else environment
    text = _read(path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{path}: not TOML: {error}"
        raise ConfigurationError(message) from error
    origins = _override(values, environment)
    _anchor(values, path.parent)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        faults = [_fault(path, text, origins, fault) for fault in error.errors()]
        raise ConfigurationError("\n".join(faults)) from error
    _refuse_doubles(path, text, settings)
    return settings


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        message = f"{path}: no such file; copy config/switchroom.example.toml and fill it in"
        raise ConfigurationError(message) from error
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read: {error}"
        raise ConfigurationError(message) from error


def _override(values: dict[str, Any], environment: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Put `SWITCHROOM_PBX__MAIN__SECRET` and kin into `values`; says which key came from which variable."""
    origins: dict[tuple[str, ...], str] = {}
    for variable in sorted(environment):
        if not variable.startswith(PREFIX):
            continue
        keys = tuple(part.lower() for part in variable.removeprefix(PREFIX).split("__"))
        place = values
        for key in keys[:-1]:
            place = _inner(place, key, variable)
        old = place.get(keys[-1])
        place[keys[-1]] = _typed(environment[variable], old, keys[-1])
        origins[keys] = variable
    return origins


def _inner(place: Any, key: str, variable: str) -> dict[str, Any]:
    """The section or list entry (by its name) `key` inside `place`."""
    inner = place.setdefault(key, {}) if isinstance(place, dict) else None
    if isinstance(inner, list):
        return _ByName(inner, variable)
    if not isinstance(inner, dict):
        message = f"{variable}: there is no section {key} it could belong to"
        raise ConfigurationError(message)
    return inner


class _ByName(dict[str, Any]):
    """A list of named sections seen as a dictionary by name."""

    def __init__(self, entries: list[Any], variable: str) -> None:
        super().__init__({str(entry.get("name", "")).lower(): entry for entry in entries})
        self._variable = variable

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            message = f"{self._variable}: no entry is named {key}; there are: {', '.join(self) or 'none'}"
            raise ConfigurationError(message)
        return self[key]


def _typed(text: str, old: object, key: str) -> object:
    """An override's text as the kind of value the key holds: lists are separated by commas."""
    if isinstance(old, list) or key == "trunks":
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _anchor(values: dict[str, Any], folder: Path) -> None:
    """Make relative paths absolute, read from the file's folder."""
    values["data_dir"] = str((folder / str(values.get("data_dir", "var"))).resolve())
    for section in _sections(values):
        for key, value in section.items():
            if isinstance(value, dict) and set(value) == {"file"}:
                section[key] = {"file": str((folder / str(value["file"])).resolve())}


def _sections(values: Any) -> Iterator[dict[str, Any]]:
    if isinstance(values, dict):
        yield values
        for value in values.values():
            yield from _sections(value)
    elif isinstance(values, list):
        for value in values:
            yield from _sections(value)


def _fault(path: Path, text: str, origins: Mapping[tuple[str, ...], str], fault: Mapping[str, Any]) -> str:
    """One line: file, line, key, what is wrong, the allowed values."""
    at = tuple(part for part in fault["loc"] if part not in ("smpp", "twilio", "http") or part == fault["loc"][-1])
    if fault["type"].startswith("union_tag"):
        at = (*at, "kind")
    key = ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in at)
    named = tuple(str(part) for part in at if not isinstance(part, int))
    for keys, variable in origins.items():
        if keys[-1:] == named[-1:] and keys[0] == named[0]:
            return f"{variable}: {_what(fault, at)}"
    return f"{path}:{_line(text, at)}: {key}: {_what(fault, at)}"


def _what(fault: Mapping[str, Any], at: tuple[Any, ...]) -> str:
    match fault["type"]:
        case "extra_forbidden":
            return f"unknown key; allowed here: {', '.join(_allowed(at[:-1]))}"
        case "missing":
            return "is missing"
        case "literal_error":
            return f"must be one of {fault['ctx']['expected']}"
        case "union_tag_invalid" | "union_tag_not_found":
            return "must be one of 'smpp', 'twilio' or 'http'"
        case "value_error":
            return str(fault["ctx"]["error"])
        case "tuple_type":
            return 'must be a list, such as ["PJSIP/provider*"]'
        case "int_parsing" | "int_type":
            return "must be a whole number"
        case "string_pattern_mismatch":
            return f"must look like {fault['ctx']['pattern']}"
        case _:
            return str(fault["msg"])


_SECTIONS: dict[str, type[Section]] = {
    "database": Database, "web": Web, "live": Live, "bus": Bus, "pbx": Pbx, "mail": Mail, "fax": Fax,
}  # fmt: skip


def _allowed(section: tuple[Any, ...]) -> list[str]:
    if not section:
        return sorted(Settings.model_fields)
    if section[0] == "sms":
        return sorted({*SmppGateway.model_fields, *TwilioGateway.model_fields, *HttpGateway.model_fields})
    return sorted(_SECTIONS[str(section[0])].model_fields) if str(section[0]) in _SECTIONS else []


def _line(text: str, at: tuple[Any, ...]) -> int:
    """The line of the key `at` (names and list positions) in the file; its section's line where it is missing."""
    section, position, name = str(at[0]), 0, str(at[-1])
    if len(at) > 1 and isinstance(at[1], int):
        position = at[1]
    inside, seen, best = len(at) == 1, -1, 1
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\].]+)[^\]]*\]", line):
            entry = header[1].strip().strip('"')
            seen += entry == section and line.lstrip().startswith("[[")
            inside = entry == section and max(seen, 0) == position
            best = number if inside else best
        elif inside and re.match(rf'\s*"?{re.escape(name)}"?\s*[=.]', line):
            return number
    return best


def _refuse_doubles(path: Path, text: str, settings: Settings) -> None:
    """Names are how logs, records and overrides tell one PBX or gateway from another."""
    for section, names in (("pbx", [p.name for p in settings.pbx]), ("sms", [s.name for s in settings.sms])):
        for position, name in enumerate(names):
            if name in names[:position]:
                line = _line(text, (section, position, "name"))
                message = f"{path}:{line}: {section}.name: {name} is used twice; names must differ"
                raise ConfigurationError(message)
