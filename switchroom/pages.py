"""Pages for people: a handler's values in a Jinja template, plain forms, no script needed to work.

Templates are found by name over `<room>/templates`; they extend `layout.html`, which says what it is given.
Filters: `moment`, `day`, `clock`, `duration`, `phone`, `number`, `money` in the reader's language and zone.
"""

import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from domain import phone
from domain.problems import Problem, filled
from domain.rights import Scope
from domain.routes import Screen, SeeOther
from switchroom import guard
from switchroom.answers import worded as worded_problem
from switchroom.catalogue import dictionary
from switchroom.house import House
from switchroom.language import HOUSE, ROOMS, Reader, duration, translator
from switchroom.operation import Fault, Faults, Operation, understand

TIMES = ("moment", "day", "clock")
THEMES = ("light", "dark")
YEAR = 365 * 24 * 3600
FOREVER = "public, max-age=31536000, immutable"
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("image/svg+xml", ".svg")


@cache
def asset(path: str) -> str:
    """The address of `<room>/static/<file>`, given as "room/file": with a hash of its contents where it is there."""
    room, _, file = path.partition("/")
    source = HOUSE / room / "static" / file
    if not source.is_file():
        return f"/static/{path}"
    return f"/static/{path}?v={sha256(source.read_bytes()).hexdigest()[:12]}"


@cache
def environment(language: str) -> Environment:
    """The templates of every room, speaking `language`."""
    rooms = [HOUSE / room / "templates" for room in ROOMS]
    made = Environment(
        loader=FileSystemLoader([room for room in rooms if room.is_dir()]),
        extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols", "jinja2.ext.do"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(translator(language), newstyle=True)  # pyright: ignore[reportAttributeAccessIssue]
    made.filters.update({name: _by_reader(name) for name in (*TIMES, "number", "money")})
    made.filters.update(duration=duration, phone=phone.shown, worded=worded, wrongs=wrongs)
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    made.globals.update(asset=asset, address_with=address_with)
    return made


def _by_reader(name: str) -> Callable[..., str]:
    @pass_context
    def told(context: Context, value: Any, *rest: Any) -> str:
        moment = (
            datetime.fromisoformat(value) if isinstance(value, str) and name in ("moment", "day", "clock") else value
        )
        return "" if moment is None else getattr(context["reader"], name)(moment, *rest)

    return told


@pass_context
def worded(context: Context, wrong: Problem | Fault) -> str:
    """What went wrong, in the reader's words."""
    reader: Reader = context["reader"]
    if isinstance(wrong, Fault):
        return filled(reader.text(wrong.message), wrong.values)
    return filled(reader.text(wrong.detail), wrong.extra)


@pass_context
def wrongs(context: Context, wrong: Problem | None) -> dict[str, str]:
    """The wrong fields of a form, by name, in the reader's words."""
    errors = worded_problem(wrong, context["reader"]).get("errors", []) if wrong else []
    return {error["field"]: error["detail"] for error in errors if "field" in error}


def address_with(path: str, **values: Any) -> str:
    """`path` with a query of what is given and not empty."""
    given = {name: value for name, value in values.items() if value not in (None, "", False)}
    return f"{path}?{urlencode(given)}" if given else path


def inside(target: str | None) -> str:
    """`target` if it is a path of this site, else the desk: a log-in never sends anybody elsewhere."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable():
        return target
    return "/"


class Pages:
    """Renders screens for one house."""

    def __init__(self, house: House) -> None:
        self._house = house

    def answer(self, screen: Screen) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The aiohttp handler of one screen."""
        how = understand(screen.handler, screen.path)

        async def handler(request: web.Request) -> web.StreamResponse:
            scope = await self._house.admit(request, screen)
            call = await _arguments(self._house, request, how)
            if "user" in how.takes:
                call["user"] = scope
            result = await how.handler(**call)
            if isinstance(result, SeeOther):
                return self._elsewhere(result)
            return self.render(request, screen.template, result)

        return handler

    def render(self, request: web.Request, template: str, values: Mapping[str, Any], status: int = 200) -> web.Response:
        """One page; a `problem` among the values gives its status and is worded for the reader."""
        reader, scope = self._house.reader(request), self._house.known(request)
        problem = values.get("problem")
        page = environment(reader.language).get_template(template)
        body = page.render(**self._around(request, reader, scope), **values)
        code = problem.status if isinstance(problem, Problem) else status
        response = web.Response(status=code, text=body, content_type="text/html")
        response.headers[hdrs.CONTENT_LANGUAGE] = reader.language
        return response

    def _around(self, request: web.Request, reader: Reader, scope: Scope | None) -> dict[str, Any]:
        theme = request.cookies.get("theme", "")
        return {
            "user": scope,
            "here": request.path,
            "here_with_query": request.path_qs,
            "language": reader.language,
            "reader": reader,
            "theme": theme if theme in THEMES else "",
            "live_url": self._house.address.live_url(request.host) + "/live",
            "words": dictionary(reader.language) if scope else {},
            "now": datetime.now(UTC),
        }

    def _elsewhere(self, target: SeeOther) -> web.Response:
        response = web.Response(status=303, headers={hdrs.LOCATION: inside(target.to)})
        for name, value in target.remember.items():
            response.set_cookie(name, value, max_age=YEAR, path="/", samesite="Lax", httponly=True)
        if target.token is not None:
            guard.open_session(response, target.token, self._house.address)
        if target.close:
            guard.close_session(response, self._house.address)
        return response

    async def refuse(self, request: web.Request, problem: Problem) -> web.StreamResponse:
        """A page that says what is wrong and what to do; who is not logged in is asked to log in, and comes back."""
        if problem.status == 401:
            back = request.path_qs if request.method in guard.SAFE else "/"
            return web.Response(status=303, headers={hdrs.LOCATION: address_with("/login", next=back)})
        with suppress(Exception):  # the store may be what is wrong: then the page is shown without a user
            await self._house.scope(request)
        faults = problem.faults if isinstance(problem, Faults) else ()
        return self.render(request, "error.html", {"problem": problem, "faults": faults})

    def add_static(self, app: web.Application) -> None:
        """Serve `<room>/static` at /static/<room>/, with ETags; an address with its hash is kept for ever."""

        async def for_ever(request: web.Request, response: web.StreamResponse) -> None:
            if request.path.startswith("/static/"):
                kept = FOREVER if "v" in request.query and response.status in (200, 304) else "no-cache"
                response.headers[hdrs.CACHE_CONTROL] = kept

        for room in ROOMS:
            if (HOUSE / room / "static").is_dir():
                app.router.add_static(f"/static/{room}", HOUSE / room / "static")
        app.on_response_prepare.append(for_ever)
        app.router.add_get("/favicon.ico", _icon)


async def _icon(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(Path(__file__).parent / "static" / "icon.svg")


async def _arguments(house: House, request: web.Request, how: Operation) -> dict[str, Any]:
    call: dict[str, Any] = how.read_path(request.match_info)
    query, faults = how.read_query({name: request.query.getall(name) for name in request.query})
    if how.query is not None:
        if faults:
            raise Faults(faults)
        call["query"] = query
    form = await _form(request) if {"form", "body"} & how.takes else {}
    if "form" in how.takes:
        call["form"] = form
    if "body" in how.takes:
        call["body"], faults = how.read_form(form)
        if faults:
            raise Faults(faults)
    if "request" in how.takes:
        call["request"] = house.facts(request)
    return call


async def _form(request: web.Request) -> dict[str, str]:
    """The posted fields; several of one name are joined by new lines. Files are not taken here."""
    posted = await request.post()
    texts: dict[str, list[str]] = {}
    for name, value in posted.items():
        if isinstance(value, str):
            texts.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\0", ""))
    return {name: "\n".join(values) for name, values in texts.items()}
