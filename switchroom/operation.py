"""One route, understood: what its handler takes and gives, read from its annotations once, at start.

Nothing here knows the web server: raw texts and bytes come in, typed values or an `Invalid` that lists every
wrong field go out.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from domain.problems import Invalid, NotFound
from domain.routes import Route

GIVEN = frozenset({"user", "query", "body", "form", "version", "request", "return"})
UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
T = TypeVar("T")
_IN_PATH = re.compile(r"\{(\w+)\}")
_INDEX = re.compile(r"\d+")


def N_(message: str) -> str:  # noqa: N802 - the name gettext tools look for
    """Mark `message` for translation where it is not yet known who will read it."""
    return message


COMPLAINTS = {
    "missing": N_("This field is required"),
    "extra_forbidden": N_("There is no such field"),
    "unexpected_keyword_argument": N_("There is no such field"),
    "string_type": N_("This must be text"),
    "string_too_short": N_("Type at least {min_length} characters"),
    "string_too_long": N_("At most {max_length} characters are allowed"),
    "string_pattern_mismatch": N_("This is not in the expected form"),
    "int_type": N_("This must be a whole number"),
    "int_parsing": N_("This must be a whole number"),
    "int_from_float": N_("This must be a whole number"),
    "float_type": N_("This must be a number"),
    "float_parsing": N_("This must be a number"),
    "bool_type": N_("This must be yes or no (true or false)"),
    "bool_parsing": N_("This must be yes or no (true or false)"),
    "literal_error": N_("This must be one of: {expected}"),
    "enum": N_("This must be one of: {expected}"),
    "greater_than": N_("This must be more than {gt}"),
    "greater_than_equal": N_("This must be {ge} or more"),
    "less_than": N_("This must be less than {lt}"),
    "less_than_equal": N_("This must be {le} or less"),
    "too_short": N_("At least {min_length} entries are needed"),
    "too_long": N_("At most {max_length} entries are allowed"),
    "list_type": N_("This must be a list"),
    "tuple_type": N_("This must be a list"),
    "dict_type": N_("This must be an object"),
    "model_type": N_("This must be an object"),
    "model_attributes_type": N_("This must be an object"),
    "dataclass_type": N_("This must be an object"),
    "uuid_parsing": N_("This is not an id"),
    "uuid_type": N_("This is not an id"),
    "json_invalid": N_("The body is not JSON"),
    "datetime_parsing": N_("This must be a time such as 2026-11-22T14:05:00Z"),
    "datetime_from_date_parsing": N_("This must be a time such as 2026-11-22T14:05:00Z"),
    "datetime_type": N_("This must be a time such as 2026-11-22T14:05:00Z"),
    "timezone_aware": N_("The time needs its zone, such as Z or +03:00"),
    "date_parsing": N_("This must be a date such as 2026-11-22"),
    "date_from_datetime_parsing": N_("This must be a date such as 2026-11-22"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong field: where it is, a message in English with places for `values`."""

    place: str
    name: str
    message: str
    values: dict[str, Any] = field(default_factory=dict)


class Faults(Invalid):
    """422 with every wrong field; the frame words them for the reader."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(N_("Some fields are wrong or missing"), {"errors": []})
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Operation:
    """What a handler takes (by parameter name) and gives."""

    handler: Callable[..., Awaitable[Any]]
    takes: frozenset[str]
    path: dict[str, TypeAdapter[Any]]
    query: TypeAdapter[Any] | None
    body: TypeAdapter[Any] | None
    answer: TypeAdapter[Any] | None
    needs_version: bool

    def read_path(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The handler's own names for the parts of the path; an impossible id is a thing that is not there."""
        try:
            return {name: adapter.validate_python(values[name]) for name, adapter in self.path.items()}
        except ValidationError as error:
            raise NotFound("There is no such page or record") from error

    def read_query(self, values: Mapping[str, Sequence[str]]) -> tuple[Any, list[Fault]]:
        """The query as the handler's type; a name given once is a value, more than once a list."""
        if self.query is None:
            return None, [Fault("query", name, COMPLAINTS["extra_forbidden"]) for name in values]
        plain = {name: texts[0] if len(texts) == 1 else list(texts) for name, texts in values.items()}
        try:
            return self.query.validate_python(plain, extra="forbid"), []
        except ValidationError as error:
            return None, _faults("query", error)

    def read_body(self, raw: bytes) -> tuple[Any, list[Fault]]:
        """The JSON body as the handler's type."""
        if self.body is None:
            return None, []
        try:
            return self.body.validate_json(raw or b"{}", extra="forbid"), []
        except ValidationError as error:
            return None, _faults("body", error)

    def read_form(self, values: Mapping[str, str]) -> tuple[Any, list[Fault]]:
        """A posted form as the handler's type."""
        if self.body is None:
            return None, []
        try:
            return self.body.validate_python(dict(values), extra="forbid"), []
        except ValidationError as error:
            return None, _faults("body", error)


def _faults(place: str, error: ValidationError) -> list[Fault]:
    details = error.errors(include_url=False, include_input=False)
    return [Fault(place, _name(detail), *_complaint(detail)) for detail in details]


def _name(detail: ErrorDetails) -> str:
    """`numbers[0].number`; the names pydantic gives to members of unions are left out, an unknown key never is."""
    name, last = "", len(detail["loc"]) - 1
    for at, part in enumerate(detail["loc"]):
        if isinstance(part, int):
            name += f"[{part}]"
        elif part.isidentifier() or (at == last and detail["type"] in UNKNOWN):
            name += f".{part}" if name else part
    return name


def _complaint(detail: ErrorDetails) -> tuple[str, dict[str, Any]]:
    values = {key: value for key, value in detail.get("ctx", {}).items() if key != "error"}
    if "expected" in values:
        values["expected"] = values["expected"].replace(" or ", ", ")
    if detail["type"] == "value_error":
        return str(detail.get("ctx", {}).get("error", detail["msg"])), values
    return COMPLAINTS.get(detail["type"], detail["msg"]), values


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def understand(handler: Callable[..., Awaitable[Any]], path: str) -> Operation:
    """Read `handler`'s annotations; a parameter that is neither known nor in `path` is a mistake of ours."""
    hints = get_type_hints(handler, include_extras=True)
    names = inspect.signature(handler).parameters
    in_path = set(_IN_PATH.findall(path))
    if unknown := set(names) - GIVEN - in_path:
        message = f"{handler.__qualname__} of {path}: nobody gives it {', '.join(sorted(unknown))}"
        raise TypeError(message)
    answer = hints.get("return")
    return Operation(
        handler=handler,
        takes=frozenset(names),
        path={name: _adapter(hints.get(name, str)) for name in names if name in in_path},
        query=_adapter(hints["query"]) if "query" in hints else None,
        body=_adapter(hints["body"]) if "body" in hints else None,
        answer=None if answer in (None, type(None), Any) else _adapter(answer),
        needs_version="version" in names and hints.get("version") is int,
    )


def operation(route: Route) -> Operation:
    """What one row of a table of routes takes and gives."""
    return understand(route.handler, route.path)


def read_version(header: str | None) -> int | None:
    """The version in an `If-Match` header; None for no header or `*`, -1 (never current) for what we never sent."""
    if header is None or header.strip() == "*":
        return None
    digits = header.strip().removeprefix("W/").strip('"')
    return int(digits) if _INDEX.fullmatch(digits) else -1


def filled_in(kind: type[T], values: Mapping[str, Any]) -> T:
    """`values` of a form as `kind` (a model or dataclass); raises Faults with every wrong field."""
    try:
        return _adapter(kind).validate_python(dict(values), extra="forbid")
    except ValidationError as error:
        raise Faults(_faults("body", error)) from error
