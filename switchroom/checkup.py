"""`switchroom doctor`: visit everything the settings name and say in words what is wrong and how to mend it."""

import asyncio
import sys

from config.settings import Pbx, Settings
from crm_store.database import StoreError, open_database
from domain.problems import filled
from switchroom.language import translator
from switchroom.operation import N_
from telephony import doctor
from telephony.diagnosis import Finding

SIGNS = {"ok": "✓", "advice": "·", "problem": "✗"}


async def run(settings: Settings) -> int:
    """Print what was found; the exit status: 0 all is well, 1 something is missing."""
    visits = [_database(settings), *(_pbx(pbx) for pbx in settings.pbx)]
    if not settings.pbx:
        visits.append(_no_pbx())
    well = True
    for found in asyncio.as_completed(visits):
        name, findings = await found
        well = _tell(settings.language, name, findings) and well
    return 0 if well else 1


async def _pbx(pbx: Pbx) -> tuple[str, list[Finding]]:
    return f"PBX {pbx.name} ({pbx.host}:{pbx.port})", await doctor.examine(pbx)


async def _no_pbx() -> tuple[str, list[Finding]]:
    what, remedy = N_("The settings name no PBX"), N_("Add a [[pbx]] section: config/switchroom.example.toml shows one")
    return "PBX", [Finding(pbx="", grade="problem", what=what, remedy=remedy)]


async def _database(settings: Settings) -> tuple[str, list[Finding]]:
    name = "PostgreSQL" + ("" if settings.database.dsn else f" ({settings.data_dir})")
    try:
        async with open_database(settings) as database:
            pending = await database.pending()
    except StoreError as error:
        return name, [Finding(pbx="", grade="problem", what=str(error))]
    if pending:
        what, remedy = N_("The tables are older than this version"), N_("Run: switchroom migrate")
        return name, [Finding(pbx="", grade="problem", what=what, remedy=remedy)]
    return name, [Finding(pbx="", grade="ok", what=N_("The database answers and its tables are up to date"))]


def _tell(language: str, name: str, found: list[Finding]) -> bool:
    """Print one visit; whether all is well."""
    _ = translator(language).gettext
    sys.stdout.write(f"{name}\n")
    for one in found:
        sys.stdout.write(f"  {SIGNS[one.grade]} {filled(_(one.what), one.values)}\n")
        if one.remedy:
            sys.stdout.write(f"    → {filled(_(one.remedy), one.values)}\n")
    return all(one.grade != "problem" for one in found)
