"""The API, described: OpenAPI 3.1 from the table of routes, and a page that people can read without scripts."""

import asyncio
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from domain.routes import Route, Screen
from switchroom.operation import N_, Operation
from switchroom.people_pages import ROLE_NAMES

REF = "#/components/schemas/{model}"
ETAG = {"ETag": {"description": "The version, for `If-Match`", "schema": {"type": "string"}}}
ABOUT = N_(
    "Times are ISO 8601 in UTC with milliseconds, durations are seconds, telephone numbers are E.164 where they are "
    "valid. Lists take limit and an opaque cursor."
)
PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457), worded for a person in `detail`; 422 names every wrong field.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("in", "field", "detail")},
                "required": ["field", "detail"],
            },
        },
        "difference": {"type": "object", "description": "412: what somebody else changed meanwhile"},
    },
    "required": ["type", "title", "status", "detail"],
}
SESSION = {
    "type": "object",
    "properties": {"token": {"type": "string"}, "user": {"type": "object"}},
    "required": ["token", "user"],
}

Described = Sequence[tuple[Route, Operation]]


def describe(routes: Described, *, cookie: str, version: str = "1") -> dict[str, Any]:
    """The whole API as an OpenAPI 3.1 document."""
    schemas, shared = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route, how in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, how, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Switchroom",
            "version": version,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"bearer": []}, {"cookie": []}],
        "tags": [{"name": tag} for tag in sorted({_tag(route) for route, _ in routes})],
        "paths": paths,
        "components": {
            "schemas": {**shared, "Problem": PROBLEM},
            "responses": {
                "Problem": {
                    "description": "Refused; `detail` says why",
                    "content": {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}},
                }
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": cookie},
            },
        },
    }


def _schemas(routes: Described) -> tuple[dict[tuple[str, str], dict[str, Any]], dict[str, Any]]:
    """Every type once: (route's key, part) → schema, and the components they refer to."""
    wanted: list[tuple[tuple[str, str], Any, TypeAdapter[Any]]] = []
    for route, how in routes:
        key = f"{route.method} {route.path}"
        wanted += [
            ((key, part), "serialization" if part == "answer" else "validation", adapter)
            for part, adapter in (("query", how.query), ("body", how.body), ("answer", how.answer))
            if adapter is not None
        ]
        wanted += [((key, f"path.{name}"), "validation", adapter) for name, adapter in how.path.items()]
    found, shared = TypeAdapter.json_schemas(wanted, ref_template=REF)
    return {key: schema for (key, _mode), schema in found.items()}, shared.get("$defs", {})  # pyright: ignore[reportReturnType]


def _operation(route: Route, how: Operation, schemas: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    key = f"{route.method} {route.path}"
    described: dict[str, Any] = {
        "operationId": _id(route),
        "summary": route.summary,
        "tags": [_tag(route)],
        "parameters": [*_path_parameters(key, how, schemas), *_headers(route, how), *_query_parameters(key, how)],
        "responses": {_status(route, how): _response(route, how, schemas.get((key, "answer"))), "default": _problem()},
    }
    if text := inspect.getdoc(route.handler):
        described["description"] = text
    if how.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas[key, "body"]}},
        }
    if route.public:
        described["security"] = []
    if route.roles is not None:
        described["x-roles"] = sorted(route.roles)
    return described


def _response(route: Route, how: Operation, schema: dict[str, Any] | None) -> dict[str, Any]:
    if _gives_nothing(how):
        return {"description": "Done"}
    response: dict[str, Any] = {
        "description": "Done" if route.status < 300 else "See `Location`",
        "content": {"application/json": {"schema": schema if schema is not None else {"type": "object"}}},
    }
    if "version" in how.takes:
        response["headers"] = ETAG
    return response


def _status(route: Route, how: Operation) -> str:
    return "204" if _gives_nothing(how) else str(route.status)


def _gives_nothing(how: Operation) -> bool:
    return get_type_hints(how.handler).get("return", ...) is type(None)


def _problem() -> dict[str, Any]:
    return {"$ref": "#/components/responses/Problem"}


def _path_parameters(key: str, how: Operation, schemas: Any) -> Iterable[dict[str, Any]]:
    for name in how.path:
        yield {"name": name, "in": "path", "required": True, "schema": schemas[key, f"path.{name}"]}


def _query_parameters(key: str, how: Operation) -> Iterable[dict[str, Any]]:
    if how.query is None:
        return
    whole = how.query.json_schema(ref_template=REF)
    whole = whole.get("$defs", {}).get(str(whole.get("$ref", "")).rpartition("/")[2], whole)
    required = set(whole.get("required", ()))
    for name, schema in whole.get("properties", {}).items():
        yield {"name": name, "in": "query", "required": name in required, "schema": schema}


def _headers(route: Route, how: Operation) -> Iterable[dict[str, Any]]:
    if "version" in how.takes:
        description = N_("The version this change was made from; another one there now: 412 with the difference")
        yield {
            "name": "If-Match",
            "in": "header",
            "required": how.needs_version,
            "description": description,
            "schema": {"type": "string"},
        }
    if route.once:
        description = N_("Kept for 24 h: the same request again gives the same answer; another one with this key 409")
        schema = {"type": "string", "maxLength": 255}
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": description,
            "schema": schema,
        }


def _id(route: Route) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", route.path.lower()).strip("_")
    return f"{route.method.lower()}_{words}"


def _tag(route: Route) -> str:
    return route.path.strip("/").split("/")[0]


def docs_page(describe: Callable[[], dict[str, Any]], path: str) -> Screen:
    """The description as a page; made beside the work when it is first asked for."""

    async def docs() -> dict[str, Any]:
        spec = await asyncio.to_thread(describe)
        listed = [(method, where, one) for where, ways in spec["paths"].items() for method, one in ways.items()]
        tags = [(tag["name"], [one for one in listed if one[2]["tags"][0] == tag["name"]]) for tag in spec["tags"]]
        return {"spec": spec, "tags": tags, "roles": ROLE_NAMES, "named": lambda ref: ref.rpartition("/")[2]}

    return Screen(path=path, template="api.html", handler=docs, public=True)
