"""The `switchroom` command. Each verb reads the settings, does one thing and says what went wrong in a sentence.

Exit status: 0 done, 1 failed, 2 wrong use. Imports are made inside the verbs, so that `replay` needs no database
driver and `--help` is at once.
"""

import asyncio
import gc
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from config.reading import ConfigurationError, load
from config.settings import SERVER_ROLES, Pbx, Settings

app = typer.Typer(
    name="switchroom",
    help="Contact-center and telephony integration server for Asterisk.",
    epilog="Example: switchroom serve --config switchroom.toml (COMMAND --help says more of each).",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
user = typer.Typer(
    help="Users: who may log in, as what, with which extension.",
    epilog="Example: switchroom user list --config /etc/switchroom/switchroom.toml",
    no_args_is_help=True,
)
app.add_typer(user, name="user")

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The settings.")]
DEFAULT = Path("switchroom.toml")


@app.command(epilog="Example: switchroom serve --config /etc/switchroom/switchroom.toml")
def serve(
    config: Config = DEFAULT,
    role: Annotated[
        list[str] | None,
        typer.Option("--role", metavar="ROLE", help="pbx, live, web or worker; default: all. Several: repeat it."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log more.")] = False,
) -> None:
    """The server: AMI links, live gateway, pages and REST, until it is told to stop."""
    gc.disable()  # until the server is up: what is read now stays
    from switchroom.log import open_log

    open_log(verbose=verbose)
    settings = _settings(config)
    roles = frozenset(role or SERVER_ROLES)
    if unknown := sorted(roles - SERVER_ROLES):
        _wrong(f"no role is called {', '.join(unknown)}; there are: {', '.join(sorted(SERVER_ROLES))}")
    if roles != SERVER_ROLES and not settings.bus.nats:
        _wrong("a part of the roles needs a bus between the processes: set nats in [bus], or serve all roles in one")
    from switchroom import app as server

    sys.exit(asyncio.run(server.run(settings, roles)))


@app.command(epilog="Example: switchroom demo --fresh")
def demo(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="Language, country and time zone; default: switchroom.toml, if any."
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what was done in the demo and start over.")] = False,
    data_dir: Annotated[Path, typer.Option("--data-dir", metavar="DIR", help="Where the demo keeps its data.")] = Path(
        "var/demo"
    ),
    port: Annotated[
        int,
        typer.Option("--port", metavar="N", min=1, max=65534, help="Of the pages; the live gateway takes the next."),
    ] = 8080,
) -> None:
    """Everything on this machine, with no other software: simulated PBX, made-up clients, live calls."""
    from switchroom import demo as show
    from switchroom.log import open_log

    open_log()
    chosen = _settings(config or DEFAULT) if config or DEFAULT.exists() else Settings()
    sys.exit(asyncio.run(show.run(chosen, data_dir.resolve(), port, fresh=fresh)))


@app.command(epilog="Example: switchroom replay call.ami --config replay.toml | jq .outcome")
def replay(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Recorded AMI streams, oldest first.")],
    config: Config = DEFAULT,
    pbx: Annotated[str, typer.Option("--pbx", metavar="NAME", help="Whose streams they are; default: the first.")] = "",
    feed: Annotated[bool, typer.Option("--feed", help="Print the live events instead of the call records.")] = False,
) -> None:
    """Recorded AMI streams in, one call record a line out; no network, no database."""
    import orjson

    from telephony import replay as tape

    settings = _settings(config)
    chosen = _pbx(settings, pbx)
    for file in files:
        if not file.is_file():
            _failed(f"{file}: no such file")
    play = tape.feed if feed else tape.records
    for line in play(files, settings, chosen.name):
        sys.stdout.buffer.write(orjson.dumps(line) + b"\n")


@app.command(epilog="Example: switchroom record --pbx main --to today.ami --anonymise")
def record(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Where to write; it must not exist yet.")],
    config: Config = DEFAULT,
    pbx: Annotated[str, typer.Option("--pbx", metavar="NAME", help="Which PBX; default: the first.")] = "",
    anonymise: Annotated[
        bool, typer.Option("--anonymise", help="Replace numbers and names, the same way each time.")
    ] = (False),
) -> None:
    """Keep a PBX's raw AMI stream for `replay`: no secrets, no digits typed while recording is paused."""
    from switchroom.log import open_log
    from telephony import recording

    open_log()
    settings = _settings(config)
    if to.exists():
        _wrong(f"{to} exists; choose another name")
    sys.exit(asyncio.run(recording.record(_pbx(settings, pbx), to, anonymise=anonymise)))


@app.command(epilog="Example: switchroom doctor --config switchroom.toml")
def doctor(config: Config = DEFAULT) -> None:
    """Log in to every PBX and database; say in words what is missing and how to mend it."""
    from switchroom import checkup
    from switchroom.log import open_log

    open_log()
    sys.exit(asyncio.run(checkup.run(_settings(config))))


@app.command(epilog="Example: switchroom migrate --config switchroom.toml")
def migrate(config: Config = DEFAULT) -> None:
    """Bring an external database to this version's tables (the embedded one does it by itself)."""
    from switchroom import administration

    sys.exit(asyncio.run(administration.migrate(_settings(config))))


@user.command(
    "add", epilog="Example: echo secret | switchroom user add anna --role agent --extension 101 --password-stdin"
)
def user_add(
    login: Annotated[str, typer.Argument(metavar="LOGIN")],
    role: Annotated[
        str, typer.Option("--role", metavar="ROLE", help="agent, telemarketer, marketer, supervisor, admin.")
    ],
    extension: Annotated[str, typer.Option("--extension", metavar="101", help="The user's phone.")] = "",
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="How colleagues see him; default: the login.")
    ] = "",
    team: Annotated[str, typer.Option("--team", metavar="TEAM", help="His team; made if it is new.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = (
        False
    ),
    config: Config = DEFAULT,
) -> None:
    """Let somebody log in."""
    from domain.rights import ROLES
    from switchroom import administration

    if role not in ROLES:
        _wrong(f"no role is called {role}; there are: {', '.join(ROLES)}")
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else typer.prompt("Password", hide_input=True)
    person = administration.NewUser(
        login=login, name=name or login, role=role, extension=extension or None, team=team or None, password=password
    )
    sys.exit(asyncio.run(administration.add_user(_settings(config), person)))


@user.command("list", epilog="Example: switchroom user list")
def user_list(config: Config = DEFAULT) -> None:
    """Everybody who may log in."""
    from switchroom import administration

    sys.exit(asyncio.run(administration.list_users(_settings(config))))


@user.command("disable", epilog="Example: switchroom user disable anna")
def user_disable(login: Annotated[str, typer.Argument(metavar="LOGIN")], config: Config = DEFAULT) -> None:
    """Log somebody out everywhere and let him in no more; what he did stays."""
    from switchroom import administration

    sys.exit(asyncio.run(administration.disable_user(_settings(config), login)))


def _settings(path: Path) -> Settings:
    try:
        return load(path)
    except ConfigurationError as error:
        _wrong(str(error))


def _pbx(settings: Settings, name: str) -> Pbx:
    if not settings.pbx:
        _wrong("the settings name no PBX: add a [[pbx]] section")
    chosen = [pbx for pbx in settings.pbx if name in ("", pbx.name)]
    if not chosen:
        _wrong(f"no PBX is called {name}; there are: {', '.join(pbx.name for pbx in settings.pbx)}")
    return chosen[0]


def _wrong(text: str) -> NoReturn:
    sys.stderr.write(text + "\n")
    sys.exit(2)


def _failed(text: str) -> NoReturn:
    sys.stderr.write(text + "\n")
    sys.exit(1)


def main(**_: Any) -> None:
    """The console script."""
    try:
        app(prog_name="switchroom")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


if __name__ == "__main__":
    main()
