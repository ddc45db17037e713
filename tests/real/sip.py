"""SIP messages as our test phones need them (RFC 3261): read, written, and the digest answer of RFC 2617.

Pure: bytes in, bytes out. Text is UTF-8; header names are compared without case.
"""

import hashlib
import itertools
import os
import re
from dataclasses import dataclass, field

MAGIC = "z9hG4bK"
_serial = itertools.count(1)


@dataclass(slots=True)
class Message:
    """One request or response: its first line, its headers in order, its body."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    def get(self, name: str, default: str = "") -> str:
        """The first header called `name`, or `default`."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), default)

    def every(self, name: str) -> list[str]:
        """All headers called `name`, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def status(self) -> int:
        """The status of a response; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """What a request asks for, or what a response answers."""
        return self.get("CSeq").split()[-1] if self.status else self.start.split()[0]

    @property
    def number(self) -> int:
        """The CSeq number."""
        return int(self.get("CSeq").split()[0])

    @property
    def branch(self) -> str:
        """The transaction: the branch of the topmost Via."""
        return parameter(self.get("Via"), "branch")

    def encode(self) -> bytes:
        """The message as it goes on the wire."""
        body = self.body.encode()
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers), f"Content-Length: {len(body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def token() -> str:
    """A text that no other tag, branch or Call-ID on this machine has."""
    return f"t{os.getpid()}x{next(_serial)}"


def read(data: bytes) -> Message | None:
    """The message in a datagram, or None for a keep-alive."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    if not head.strip():
        return None
    start, *lines = head.split("\r\n")
    headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return Message(start, headers, body)


def parameter(value: str, name: str) -> str:
    """`;name=…` of a header's value, or an empty text."""
    found = re.search(rf"[;,\s]{name}=\"?([^;,\">\s]+)", value, re.IGNORECASE)
    return found[1] if found else ""


def quoted(value: str, name: str) -> str:
    """`name="…"` of a challenge, or an empty text."""
    found = re.search(rf'\b{name}="([^"]*)"', value)
    return found[1] if found else ""


def address(value: str) -> str:
    """The URI in a From, To or Contact."""
    found = re.search(r"<([^>]+)>", value)
    return found[1] if found else value.split(";")[0].strip()


def user(uri: str) -> str:
    """The part before the @ of a URI."""
    return re.sub(r"^<?sips?:", "", address(uri)).partition("@")[0].partition(";")[0]


def display(value: str) -> str:
    """The name shown in a From or To."""
    found = re.match(r'\s*"((?:[^"\\]|\\.)*)"', value)
    return re.sub(r"\\(.)", r"\1", found[1]) if found else ""


def digest(challenge: str, username: str, password: str, method: str, uri: str) -> str:
    """The Authorization header that answers `challenge` (MD5, with or without qop=auth)."""
    realm, nonce, opaque = (quoted(challenge, key) for key in ("realm", "nonce", "opaque"))
    first, second = _md5(f"{username}:{realm}:{password}"), _md5(f"{method}:{uri}")
    fields = f'Digest username="{username}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
    if opaque:
        fields += f', opaque="{opaque}"'
    if "qop" not in challenge:
        return f'{fields}, response="{_md5(f"{first}:{nonce}:{second}")}"'
    answer = _md5(f"{first}:{nonce}:00000001:0a4f113b:auth:{second}")
    return f'{fields}, qop=auth, nc=00000001, cnonce="0a4f113b", response="{answer}"'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def session(host: str, port: int, version: int, direction: str = "sendrecv") -> str:
    """A session description (SDP) that offers or answers PCMU in one direction."""
    lines = [
        "v=0", f"o=phone 1 {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0",
        f"m=audio {port} RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=ptime:20", f"a={direction}",
    ]  # fmt: skip
    return "\r\n".join(lines) + "\r\n"


def media(body: str) -> tuple[str, int] | None:
    """Where a session description wants its sound sent, or None."""
    host, port = re.search(r"^c=IN IP4 (\S+)", body, re.MULTILINE), re.search(r"^m=audio (\d+)", body, re.MULTILINE)
    return (host[1], int(port[1])) if host and port else None
