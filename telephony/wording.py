"""Marks the texts that people read, for the message catalogues, where it is not yet known who reads them."""


def N_(message: str) -> str:  # noqa: N802 - the name gettext tools look for
    """`message` itself, in English; it is translated when it is shown."""
    return message
