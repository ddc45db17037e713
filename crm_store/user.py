"""A user: who works here, in which role, at which phone."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import asyncpg
from pydantic import AfterValidator, Field, StringConstraints

from config.zones import zone_called
from crm_store.client import Body
from domain.record import instant
from domain.rights import Role, Scope

Login = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[\w.@+-]*$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Extension = Annotated[
    str | None, Field(max_length=20, pattern=r"^[0-9A-Za-z_*#.-]*$"), AfterValidator(lambda text: text or None)
]
Team = Annotated[str | None, Field(max_length=100), AfterValidator(lambda text: (text or "").strip() or None)]
Language = Literal["ru", "en"]


def _known_zone(name: str) -> str:
    if zone_called(name) is None:
        message = "There is no such time zone"
        raise ValueError(message)
    return name


Zone = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(_known_zone)]


class UserDraft(Body):
    """A new user. `team`: its id or name; one that is not there is made. No language or zone: the house's own."""

    login: Login
    name: Name
    role: Role = "agent"
    extension: Extension = None
    team: Team = None
    language: Language | None = None
    time_zone: Zone | None = None


class UserPatch(Body):
    """The fields to change; what is not named stays. Extension and team may become none."""

    name: Name | None = None
    role: Role | None = None
    extension: Extension = None
    team: Team = None
    language: Language | None = None
    time_zone: Zone | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user as an administrator sees him; times are ISO 8601."""

    id: str
    login: str
    name: str
    role: Role
    extension: str | None
    team: str | None
    team_name: str | None
    language: str
    time_zone: str
    disabled_at: str | None
    created_at: str | None
    version: int

    @property
    def scope(self) -> Scope:
        """What he may see."""
        return Scope(
            user_id=self.id,
            login=self.login,
            name=self.name,
            role=self.role,
            extension=self.extension,
            team=self.team,
            language=self.language,
            time_zone=self.time_zone if zone_called(self.time_zone) else "UTC",  # an old row may hold anything
        )


COLUMNS = """u.id, u.login, u.name, u.role, u.extension, u.team_id, t.name as team_name, u.language, u.time_zone,
             u.disabled_at, u.created_at, u.version"""
TABLES = "app_user u left join team t on t.id = u.team_id"


def read(row: asyncpg.Record | dict[str, Any]) -> User:
    """The user of a row with `COLUMNS`."""
    return User(
        id=str(row["id"]),
        login=row["login"],
        name=row["name"],
        role=row["role"],
        extension=row["extension"],
        team=str(row["team_id"]) if row["team_id"] else None,
        team_name=row["team_name"],
        language=row["language"],
        time_zone=row["time_zone"],
        disabled_at=instant(row["disabled_at"]),
        created_at=instant(row["created_at"]),
        version=row["version"],
    )
