"""Which texts there are to translate, and which nobody has translated yet.

`python -m switchroom.catalogue` lists what is missing and fails (part of `./run lint`);
`python -m switchroom.catalogue --update` writes the missing entries into each room's `ru.po`, empty, to be filled.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from domain import problems
from switchroom.language import HOUSE, LANGUAGES, ROOMS, catalogue_of, translator

SOURCE_LANGUAGE = "en"
PROBLEMS = [
    name for name, thing in vars(problems).items() if isinstance(thing, type) and issubclass(thing, problems.Problem)
]
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
}
IN_PYTHON = {**KEYWORDS, "text": None, "plural": (1, 2), **dict.fromkeys(PROBLEMS)}
PAGES = [("**/templates/**.html", "jinja2"), ("**/static/**.js", "javascript")]
CODE = [("**.py", "python")]
BROWSER = [("static/**.js", "javascript")]
OPTIONS: dict[str, dict[str, Any]] = {"**/templates/**.html": {"silent": "false", "newstyle_gettext": "true"}}

Text = str | tuple[str, ...]
Keywords = dict[str, tuple[int, ...] | None]
Methods = list[tuple[str, str]]


def texts(room: str) -> Iterator[tuple[str, int, Text]]:
    """Every translatable text of `room`: file (from the repository's root), line, message (or its plural forms)."""
    yield from _extracted(room, PAGES, KEYWORDS)
    yield from _extracted(room, CODE, IN_PYTHON)
    yield from _named(room)
    yield from _summaries(room)
    if room == "domain":
        yield from (("domain/problems.py", 0, getattr(problems, name).title) for name in PROBLEMS)


def _extracted(room: str, methods: Methods, keywords: Keywords) -> Iterator[tuple[str, int, Text]]:
    for file, line, message, _comments, _context in extract_from_dir(HOUSE / room, methods, OPTIONS, keywords):
        yield f"{room}/{file}", line, message


def _named(room: str) -> Iterator[tuple[str, int, str]]:
    """Texts a problem is raised with by a name: `_REFUSED = "…"` … `raise Unauthorised(_REFUSED)`."""
    for path in sorted((HOUSE / room).rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
        named: dict[str, set[str]] = {}
        for node in nodes:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                    named.setdefault(name, set()).add(text)
        for node in nodes:
            match node:
                case ast.Call(func=ast.Name(id=kind), args=[ast.Name(id=name), *_]) if kind in PROBLEMS:
                    file = path.relative_to(HOUSE).as_posix()
                    yield from ((file, node.lineno, text) for text in sorted(named.get(name, ())))


def _summaries(room: str) -> Iterator[tuple[str, int, str]]:
    """What the page about the API says of each route: `Route(…, summary="…")`."""
    for path in sorted((HOUSE / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Route"):
                continue
            for keyword in node.keywords:
                match keyword:
                    case ast.keyword(arg="summary", value=ast.Constant(value=str(text))):
                        yield path.relative_to(HOUSE).as_posix(), node.lineno, text


def composed() -> list[str]:
    """Problems raised with an f-string or a sum of texts, which no catalogue can hold."""
    found: list[str] = []
    for path in sorted(path for room in (*ROOMS, "domain") for path in (HOUSE / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            match node:
                case ast.Call(func=ast.Name(id=kind), args=[ast.JoinedStr() | ast.BinOp(), *_]) if kind in PROBLEMS:
                    found.append(f"{path.relative_to(HOUSE)}:{node.lineno}: {kind} is not raised with one whole text")
    return found


def untranslated(language: str) -> list[str]:
    """What a reader of `language` would still see in English, one line a text: where it stands and what it says."""
    known = translator(language)
    missing = [
        f"{file}:{line}: {message!r}"
        for room in (*ROOMS, "domain")
        for file, line, message in texts(room)
        if not _translated(known, message)
    ]
    fuzzy = [f"{path}: fuzzy {message.id!r}" for path, message in _fuzzy(language)]
    return missing + composed() + fuzzy + contradicting(language)


def contradicting(language: str, catalogues: Iterable[Path] | None = None) -> list[str]:
    """Texts that two rooms translate differently: all catalogues are merged, and one would silently win."""
    told: list[str] = []
    first: dict[Any, tuple[Path, Any]] = {}
    for path in catalogues if catalogues is not None else (catalogue_of(room, language) for room in ROOMS):
        for message in _read(path, language) if path.is_file() else ():
            if not message.id or not message.string:
                continue
            where, before = first.setdefault((message.id, message.context), (path, message.string))
            if before != message.string:
                told.append(f"{path}: {message.id!r} is {message.string!r} here and {before!r} in {where}")
    return told


def _translated(known: Any, message: Text) -> bool:
    if isinstance(message, tuple):
        return all(known.ngettext(*message[:2], count) not in message for count in (1, 2, 5))
    return bool(known._catalog.get(message)) if hasattr(known, "_catalog") else False


def _fuzzy(language: str) -> Iterator[tuple[Path, Message]]:
    for path in (catalogue_of(room, language) for room in ROOMS):
        if path.is_file():
            yield from ((path, message) for message in _read(path, language) if message.fuzzy and message.id)


@cache
def dictionary(language: str) -> dict[str, str | list[str]]:
    """The texts the browser's code uses, in `language`: message → text, or its plural forms in CLDR's order."""
    known = getattr(translator(language), "_catalog", {})
    found: dict[str, str | list[str]] = {}
    for room in ROOMS:
        for _file, _line, message in _extracted(room, BROWSER, KEYWORDS):
            if isinstance(message, tuple):
                forms = (known.get((message[0], form)) for form in range(3))
                found[message[0]] = [form for form in forms if form] or list(message[:2])
            else:
                found[message] = known.get(message) or message
    return found


def update(room: str, language: str) -> int:
    """Add the texts of `room` that no catalogue has to its own one, empty; how many there were."""
    known, path = translator(language), catalogue_of(room, language)
    own = (room, "domain") if room == "switchroom" else (room,)
    catalogue = _read(path, language) if path.is_file() else _empty(language)
    before = len(catalogue)
    for part in own:
        for file, _line, message in texts(part):
            if not _translated(known, message) and message not in catalogue:
                catalogue.add(message, locations=[(file, None)])  # pyright: ignore[reportArgumentType]
    if len(catalogue) > before:
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as target:
            write_po(target, catalogue, width=110, omit_header=False, include_lineno=False)
    return len(catalogue) - before


def _empty(language: str) -> Catalog:
    return Catalog(locale=language, project="Switchroom", header_comment="# Switchroom", fuzzy=False, charset="utf-8")


def _read(path: Path, language: str) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=language)


def main() -> int:
    """List what is not translated; 1 if anything is."""
    languages = [language for language in LANGUAGES if language != SOURCE_LANGUAGE]
    if "--update" in sys.argv:
        for language in languages:
            for room in ROOMS:
                update(room, language)
        return 0
    missing = [line for language in languages for line in untranslated(language)]
    sys.stdout.writelines(f"{line}\n" for line in missing)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
