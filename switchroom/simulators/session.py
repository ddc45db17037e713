"""One AMI client's connection, without a socket: bytes in, bytes out, rights and filters in between."""

import re
from collections.abc import Callable
from hashlib import md5
from typing import TYPE_CHECKING

from switchroom.simulators import actions
from switchroom.simulators.channels import Headers, Message, encode
from switchroom.simulators.managers import Action, Manager

if TYPE_CHECKING:
    from switchroom.simulators.pbx import SimulatedPbx

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
LONGEST_LINE = 1024


class AmiSession:
    """The state of one client: logged in or not, what it may read, what it filtered out."""

    def __init__(
        self, pbx: "SimulatedPbx", send: Callable[[bytes], None], close: Callable[[], None], address: str
    ) -> None:
        self.pbx = pbx
        self.address = address
        self.manager: Manager | None = None
        self.challenge = ""
        self.events = True
        self.wanted: list[re.Pattern[str]] = []
        self.unwanted: list[re.Pattern[str]] = []
        self._send = send
        self._close = close
        self._buffer = b""
        self._held: list[bytes] = []
        self._heard: list[bytes] = []
        self._open = True
        pbx.sessions.append(self)
        pbx.switch.listeners.append(self.hear)

    def greet(self) -> None:
        """Say the banner."""
        self.write(BANNER)

    def end(self) -> None:
        """Hang up on the client."""
        if not self._open:
            return
        self._open = False
        self.pbx.sessions.remove(self)
        self.pbx.switch.listeners.remove(self.hear)
        self._close()

    def receive(self, data: bytes) -> None:
        """Take what the client wrote, however it was cut; answer every whole action."""
        if self.pbx.frozen:
            self._heard.append(data)
            return
        self._buffer = (self._buffer + data).replace(b"\r\n", b"\n")
        while self._open and b"\n\n" in self._buffer:
            block, self._buffer = self._buffer.split(b"\n\n", 1)
            self._take(block)

    def _take(self, block: bytes) -> None:
        lines = [line for line in block.split(b"\n") if line]
        if not lines:
            return
        if any(len(line) > LONGEST_LINE for line in lines):
            self.reply("Error", [("Message", "Failed to parse message: line too long")])
            return
        headers = [_header(line.decode("utf-8", "surrogateescape")) for line in lines]
        action = Action(next((value for name, value in headers if name == "action"), "").lower(), headers)
        self.pbx.clock.sync()
        actions.perform(self, action)
        self.pbx.switch.settle()

    def write(self, data: bytes) -> None:
        """Send, or keep for later while the PBX is frozen."""
        if self.pbx.frozen:
            self._held.append(data)
        elif self._open:
            self._send(data)

    def flush(self) -> None:
        """Send what was kept, and answer what was asked meanwhile."""
        held, self._held = self._held, []
        heard, self._heard = self._heard, []
        for data in held:
            self.write(data)
        for data in heard:
            self.receive(data)

    def reply(self, response: str, headers: Headers, action: Action | None = None) -> None:
        """Answer an action."""
        action_id = action.get("actionid") if action else ""
        identity = [("ActionID", action_id)] if action_id else []
        self.write(encode([("Response", response), *identity, *headers]))

    def done(self, action: Action, message: str) -> None:
        """Answer that an action was done."""
        self.reply("Success", [("Message", message)], action)

    def list_item(self, action: Action, event: str, headers: Headers, *, id_last: bool = False) -> None:
        """One event of a list that was asked for."""
        identity = [("ActionID", action.get("actionid"))] if action.get("actionid") else []
        body = [*headers, *identity] if id_last else [*identity, *headers]
        self.write(encode([("Event", event), *body]))

    def hear(self, message: Message) -> None:
        """Something happened: pass it on, where the client may and wants to know."""
        if self.manager is None or not self.events or not message.classes & self.manager.read:
            return
        if self.passes(message.data):
            self.write(message.data)

    def passes(self, data: bytes) -> bool:
        """Whether the filters let this message through."""
        if not self.wanted and not self.unwanted:
            return True
        text = data.decode("utf-8", "replace")
        if self.wanted and not any(pattern.search(text) for pattern in self.wanted):
            return False
        return not any(pattern.search(text) for pattern in self.unwanted)

    def log_in(self, action: Action) -> bool:
        """Whether the name and the secret, or the answer to the challenge, are right."""
        manager = self.pbx.managers.get(action.get("username"))
        if manager is None:
            return False
        if action.get("authtype").lower() == "md5":
            proof = md5((self.challenge + manager.secret).encode()).hexdigest()  # noqa: S324 - what AMI does
            good = bool(self.challenge) and action.get("key") == proof
        else:
            good = action.get("secret") == manager.secret
        if good:
            self.manager = manager
            self.pbx.logged_in.set()
            for expression in manager.filters:
                self.filter(expression)
        return good

    def filter(self, expression: str) -> None:
        """Add one event filter; a leading `!` keeps what matches away.

        As in Asterisk, `^` and `$` are the ends of the whole event, never of a line.
        """
        if expression.startswith("!"):
            self.unwanted.append(re.compile(expression[1:]))
        else:
            self.wanted.append(re.compile(expression))


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()
