"""Settings: what an administrator can decide, as frozen typed sections. Read by `config.reading`."""

from pathlib import Path
from typing import Annotated, Literal

from phonenumbers import SUPPORTED_REGIONS as COUNTRIES
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from config.zones import zone_called

SERVER_ROLES = frozenset({"pbx", "live", "web", "worker"})
"""The parts of the server: AMI links; websocket gateway; pages and REST; SMS, fax, mailings, campaigns, jobs."""


class Section(BaseModel):
    """A part of the file: unknown keys are errors, values never change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _known_zone(name: str) -> str:
    if zone_called(name) is None:
        message = "not a time zone; use a name such as Europe/Moscow or Asia/Yekaterinburg"
        raise ValueError(message)
    return name


def _known_country(code: str) -> str:
    if code not in COUNTRIES:
        message = "not a country; use its two letters (ISO 3166), such as RU or KZ"
        raise ValueError(message)
    return code


def _one_line(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().isprintable():
        message = "must be one line of printable characters"
        raise ValueError(message)
    return secret


def _for_each_extension(pattern: str) -> str:
    if "{extension}" not in pattern:
        message = "must contain {extension}, as in PJSIP/{extension}"
        raise ValueError(message)
    return pattern


def _read_secret(value: object) -> object:
    """`{ file = "path" }` is read here, so that secrets can stay out of the file (the path is absolute by now)."""
    if isinstance(value, dict) and set(value) == {"file"}:
        try:
            return Path(str(value["file"])).read_text(encoding="utf-8").strip()
        except OSError as error:
            message = f"cannot read {value['file']}: {error.strerror}"
            raise ValueError(message) from error
    return value


Secret = Annotated[SecretStr, BeforeValidator(_read_secret), AfterValidator(_one_line)]
Country = Annotated[str, AfterValidator(_known_country)]
OfExtension = Annotated[str, AfterValidator(_for_each_extension)]
Port = Annotated[int, Field(ge=1, le=65535)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class Database(Section):
    """`dsn` empty: the embedded PostgreSQL under `data_dir`."""

    dsn: str = ""


class Web(Section):
    """Pages and REST."""

    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: str = ""


class Live(Section):
    """The websocket gateway."""

    host: str = "127.0.0.1"
    port: Port = 8081
    public_url: str = ""


class Bus(Section):
    """`nats` empty: everything in one process."""

    nats: str = ""


class Pbx(Section):
    """One Asterisk, reached over AMI."""

    name: Name
    host: str = "127.0.0.1"
    port: Port = 5038
    username: str
    secret: Secret
    trunks: tuple[str, ...] = ()
    context: str = "from-internal"
    phone: OfExtension = "PJSIP/{extension}"
    outside_prefix: str = ""
    dnd: str = "Custom:DND{extension}"
    extensions: dict[str, str] = {}


class SmppGateway(Section):
    """An SMSC reached over SMPP 3.4; `rate` in parts per second, `window` in unanswered requests."""

    name: Name
    kind: Literal["smpp"]
    host: str
    port: Port = 2775
    system_id: str
    password: Secret
    source: str = ""
    rate: Annotated[int, Field(ge=1)] = 50
    window: Annotated[int, Field(ge=1)] = 10


class TwilioGateway(Section):
    """Twilio's REST API."""

    name: Name
    kind: Literal["twilio"]
    account_sid: str
    auth_token: Secret
    source: str = ""


class HttpGateway(Section):
    """A gateway that takes messages over HTTP, such as Kannel's sendsms."""

    name: Name
    kind: Literal["http"]
    url: str
    username: str = ""
    password: Secret = SecretStr("")
    source: str = ""


class Mail(Section):
    """The SMTP server for outgoing mail; `host` empty: no mail."""

    host: str = ""


class Fax(Section):
    """How faxes leave: through one of the PBXs, or HylaFAX."""

    kind: Literal["asterisk", "hylafax"] = "asterisk"
    pbx: str = "main"


Gateway = Annotated[SmppGateway | TwilioGateway | HttpGateway, Field(discriminator="kind")]


class Settings(Section):
    """Everything an administrator can decide."""

    data_dir: Path = Path("var")
    language: Literal["ru", "en"] = "ru"
    country: Country = "RU"
    area_code: Annotated[str, Field(pattern=r"^[0-9]*$")] = ""
    time_zone: Zone = "Europe/Moscow"
    database: Database = Database()
    web: Web = Web()
    live: Live = Live()
    bus: Bus = Bus()
    pbx: tuple[Pbx, ...] = ()
    sms: tuple[Gateway, ...] = ()
    mail: Mail = Mail()
    fax: Fax = Fax()
