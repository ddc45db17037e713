"""The AMI byte stream, cut into messages: pure, fast, and never surprised by what it reads.

A message is a plain `dict[str, str]`: header names as Asterisk sent them, a repeated header joined with
"\\n", text decoded from UTF-8 with `surrogateescape`. Whole messages are decoded, never reads, so that a
letter cut between two reads is kept. What nobody wants is skipped while it is still bytes.
"""

Message = dict[str, str]

END = b"\r\n\r\n"
EVENT = b"Event: "
BANNER = b"Asterisk Call Manager"
NAMES_COUNTED = 256
"""How many different unwanted event names are counted by name; the rest is counted together."""


class AmiStream:
    """Bytes in, messages out; the result does not depend on where the reads were cut.

    `wanted`: names of the events to hand over (None: all). An event that carries an `ActionID` beginning with
    `answers` belongs to the answer of an action of ours and always passes, as responses do. A message of more
    than `limit` bytes is dropped and counted; the stream goes on with the next. Streams with bare LF line ends
    are read, too.
    """

    def __init__(self, wanted: frozenset[str] | None = None, limit: int = 1_048_576, *, answers: str = "") -> None:
        self._answers = b"\nActionID: " + answers.encode()
        self._all = wanted is None
        self._wanted = frozenset(EVENT + name.encode() for name in wanted or ())
        self._limit = limit
        self._opening = bytearray()
        self._opened = False
        self._bare_lf = False
        self._held_cr = b""
        self._rest = bytearray()
        self._dropping = False
        self._skipped: dict[bytes, int] = {}
        """How often each event not wanted came, by its first line."""
        self._skipped_others = 0
        self.banner: str | None = None
        self.garbage = 0
        self.oversize = 0

    @property
    def skipped(self) -> dict[str, int]:
        """How many events were skipped, by name; names past the first 256 are counted under ""."""
        counted = {line.removeprefix(EVENT).decode("utf-8", "replace"): count for line, count in self._skipped.items()}
        return counted | {"": self._skipped_others} if self._skipped_others else counted

    def receive(self, data: bytes) -> list[Message]:
        """Take the bytes of one read; return the messages that are complete with it, in order."""
        if not self._opened:
            data = self._open(data)
        elif self._bare_lf:
            data = self._with_crlf(data)
        if self._rest:
            searched = max(0, len(self._rest) - len(END) + 1)
            self._rest += data
            if self._rest.find(END, searched) < 0:
                self._forget_endless()
                return []
            data = bytes(self._rest)
        blocks = data.split(END)
        self._rest = bytearray(blocks.pop())
        if blocks and self._dropping:
            self._dropping = False
            del blocks[0]
        if len(data) > self._limit:
            blocks = self._within_limit(blocks)
        self._forget_endless()
        return self._with_answers(blocks) if self._all or self._answers in data else self._messages(blocks)

    def _messages(self, blocks: list[bytes]) -> list[Message]:
        wanted, skipped, messages = self._wanted, self._skipped, []
        for block in blocks:
            first_line = block.partition(b"\r")[0]
            if first_line in skipped:
                skipped[first_line] += 1
            elif first_line in wanted:
                messages.append(_headers(block.decode("utf-8", "surrogateescape")))
            elif (message := self._read(block)) is not None:
                messages.append(message)
        return messages

    def _with_answers(self, blocks: list[bytes]) -> list[Message]:
        return [message for block in blocks if (message := self._read(block)) is not None]

    def _read(self, block: bytes) -> Message | None:
        """One whole message, or None where it is garbage or not wanted."""
        if block.startswith(EVENT):
            first_line = block.partition(b"\r")[0]
            if self._all or first_line in self._wanted or self._answers in block:
                return _headers(block.decode("utf-8", "surrogateescape"))
            return self._skip(first_line)
        if block.startswith(b"Response: "):
            return _headers(block.decode("utf-8", "surrogateescape"))
        block = _without_banner(block.lstrip(b"\r\n"))
        message = _headers(block.decode("utf-8", "surrogateescape"))
        name = message.get("Event")
        if name is None and "Response" not in message:
            self.garbage += bool(block)
            return None
        if name is None or self._all or "ActionID" in message:
            return message
        first_line = EVENT + name.encode("utf-8", "surrogateescape")
        return message if first_line in self._wanted else self._skip(first_line)

    def _skip(self, first_line: bytes) -> None:
        if first_line in self._skipped or len(self._skipped) < NAMES_COUNTED:
            self._skipped[first_line] = self._skipped.get(first_line, 0) + 1
        else:
            self._skipped_others += 1

    def _within_limit(self, blocks: list[bytes]) -> list[bytes]:
        kept = [block for block in blocks if len(block) <= self._limit]
        self.oversize += len(blocks) - len(kept)
        return kept

    def _forget_endless(self) -> None:
        """Let go of a message that is too long already; its end is still looked for."""
        keep = len(END) - 1
        if len(self._rest) <= (keep if self._dropping else self._limit + keep):
            return
        if not self._dropping:
            self._dropping = True
            self.oversize += 1
        del self._rest[:-keep]

    def _open(self, data: bytes) -> bytes:
        """Hold the stream's first line back until it is whole: it tells the banner and the line end."""
        searched = len(self._opening)
        self._opening += data
        end = self._opening.find(b"\n", searched, self._limit + 1)
        if end < 0 and len(self._opening) <= self._limit:
            return b""
        data, self._opening, self._opened = bytes(self._opening), bytearray(), True
        self._bare_lf = end == 0 or (end > 0 and data[end - 1] != ord("\r"))
        if end >= 0 and data.startswith(BANNER):
            self.banner = data[:end].decode("ascii", "replace").strip()
            data = data[end + 1 :]
        return self._with_crlf(data) if self._bare_lf else data

    def _with_crlf(self, data: bytes) -> bytes:
        """The same text with CRLF line ends; a CR at the end waits for what follows it."""
        data = self._held_cr + data
        self._held_cr = b"\r" if data.endswith(b"\r") else b""
        data = data.removesuffix(self._held_cr)
        return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _without_banner(block: bytes) -> bytes:
    """A recording may hold several connections, each with its banner."""
    return block.partition(b"\r\n")[2].lstrip(b"\r\n") if block.startswith(BANNER) else block


def _headers(text: str) -> Message:
    message: Message = {}
    for line in text.split("\r\n"):
        name, colon, value = line.partition(": ")
        if name in message:
            message[name] = f"{message[name]}\n{value}"
        elif colon:
            message[name] = value
        else:
            return _odd_headers(text)
    return _odd_headers(text) if message.get("Response") == "Follows" else message


def _odd_headers(text: str) -> Message:
    """Headers without a space after the colon, lines that are no header at all."""
    message: Message = {}
    follows = text.startswith("Response: Follows")
    for line in text.split("\r\n"):
        name, colon, value = line.partition(":")
        if (follows and "\n" in line) or not colon:
            name, value = ("Output", line) if follows else ("", "")
        if name:
            value = value.removeprefix(" ")
            message[name] = f"{message[name]}\n{value}" if name in message else value
    return message
