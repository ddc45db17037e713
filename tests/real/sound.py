"""What phones say and hear: PCMU in RTP, a loud tone against silence."""

import asyncio

LOUD = 0x50
"""Above this, of 127 steps, somebody speaks."""
_TONE = bytes(range(0x80, 0xA8)) * 4
_SILENCE = b"\xff" * 160


class Ear(asyncio.DatagramProtocol):
    """The RTP end of a phone: counts the packets in which somebody can be heard."""

    def __init__(self) -> None:
        self.heard = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A packet of 20 ms."""
        self.heard += any(0x7F - (sample & 0x7F) > LOUD for sample in data[12:])


class Mouth:
    """What goes into one call's microphone."""

    def __init__(self, wire: asyncio.DatagramTransport) -> None:
        self._wire = wire
        self.to: tuple[str, int] | None = None
        self._sent = 0
        self._open = self._loud = False

    async def stay_open(self) -> None:
        """Send on and on, as real phones do: silence between what is said."""
        self._open = True
        while self._open and not self._wire.is_closing():
            await self._send(5, _TONE if self._loud else _SILENCE)

    def shut(self) -> None:
        """Say no more."""
        self._open = False

    async def speak(self, seconds: float) -> None:
        """Say something for `seconds`: a tone."""
        if not self._open:
            await self._send(int(seconds * 50), _TONE)
            return
        self._loud = True
        await asyncio.sleep(seconds)
        self._loud = False

    async def _send(self, packets: int, sound: bytes) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        for index in range(packets):
            number = self._sent = self._sent + 1
            header = b"\x80\x00" + (number & 0xFFFF).to_bytes(2) + (number * 160).to_bytes(4) + bytes(4)
            if self.to and not self._wire.is_closing():
                self._wire.sendto(header + sound, self.to)
            await asyncio.sleep(max(0.0, start + (index + 1) * 0.02 - loop.time()))
