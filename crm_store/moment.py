"""A time as a request writes it."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticKnownError


def _with_zone(moment: Any) -> Any:
    """A time without a zone is UTC, as all times of the API are; a `+` that a URL made a space is put back.

    A bare number is not taken for seconds since 1970: what is not ISO 8601 is refused.
    """
    if isinstance(moment, str) and len(moment) > 10:
        moment = moment.replace(" ", "T" if moment[10] == " " else "+")
        return moment if moment.endswith(("Z", "z")) or "+" in moment[10:] or "-" in moment[10:] else f"{moment}Z"
    if isinstance(moment, str):
        return f"{moment}T00:00:00Z"
    if isinstance(moment, int | float):
        raise PydanticKnownError("datetime_type")
    return moment


Moment = Annotated[AwareDatetime | None, BeforeValidator(_with_zone)]
