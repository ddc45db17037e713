"""A real Asterisk on loopback: its own folders, free ports, up in about a second, without root."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import string
import subprocess
import tempfile
from pathlib import Path

from tests.real import debs
from tests.real.phone import Phone
from tests.real.recorder import Recorder

HERE = Path(__file__).parent
USERNAME, SECRET = "switchroom", "let-me-listen"
NAMES = {"101": "Анна Иванова", "102": "Boris Petrov", "103": "Вера Смирнова", "104": "Gleb", "105": "", "106": "Zoya"}
TRUNKS = {"trunk": "127.0.0.2", "provider": "127.0.0.3"}


class Template(string.Template):
    """Text with @NAME@ in it: `$` and braces belong to the dialplan."""

    delimiter = "@"
    pattern = r"@(?:(?P<named>[A-Z_]+)@|(?P<braced>(?!))|(?P<escaped>(?!))|(?P<invalid>(?!)))"  # type: ignore[assignment]


def free_port(host: str = "127.0.0.1", kind: int = socket.SOCK_STREAM) -> int:
    """A port nobody listens on just now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


class Asterisk:
    """One instance. `port` is AMI's, `sip` the phones'; `technology` is "PJSIP" or "SIP" (chan_sip, 16 only)."""

    def __init__(self, version: str, *, technology: str = "PJSIP", system: str = "") -> None:
        self.version, self.technology, self.system = version, technology, system
        self.root = debs.unpacked(version)
        self.home = Path(tempfile.mkdtemp(prefix=f"asterisk{version}-"))
        self.host, self.port = "127.0.0.1", free_port()
        self.sip = free_port(kind=socket.SOCK_DGRAM)
        self.username, self.secret = USERNAME, SECRET
        self.trunks: dict[str, Phone] = {}
        self.phones: dict[str, Phone] = {}
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> "Asterisk":
        for name, host in TRUNKS.items():
            self.trunks[name] = await Phone.switched_on(name, (self.host, self.sip), host=host)
        try:
            self.configure()
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            for phone in self.phones.values():
                await phone.unplug()
            for trunk in self.trunks.values():
                await trunk.unplug()
        await self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def trunk(self) -> Phone:
        """The line to the outside that calls come in by."""
        return self.trunks["trunk"]

    async def phone(self, extension: str) -> Phone:
        """The phone of `extension`, registered; the same one at every call."""
        if extension not in self.phones:
            self.phones[extension] = await Phone.switched_on(extension, (self.host, self.sip), password="sesame")
        return self.phones[extension]

    # --- life -----------------------------------------------------------------------------------------

    def configure(self) -> None:
        """Write the instance's configuration from `etc/`."""
        for folder in ("etc", "run", "spool", "log", "db", "spool/voicemail"):
            (self.home / folder).mkdir(exist_ok=True)
        modules = debs.found(self.root, "usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules")
        words = {
            "HOME": self.home, "ROOT": self.root, "MODULES": modules, "AMI": self.port, "SIP": self.sip,
            "SYSTEM": f"systemname = {self.system}" if self.system else "", "SECRET": SECRET, "USERNAME": USERNAME,
            "TECH": self.technology, "OTHER": "chan_sip.so" if self.technology == "PJSIP" else "chan_pjsip.so",
            "AWAY": "PJSIP/${EXTEN}@trunk" if self.technology == "PJSIP" else "SIP/trunk/${EXTEN}",
            "TRUNK_HOST": TRUNKS["trunk"], "TRUNK_PORT": self.trunks["trunk"].port,
            "PROVIDER_HOST": TRUNKS["provider"], "PROVIDER_PORT": self.trunks["provider"].port,
            "ENTITY": f"02:00:00:00:{self.port >> 8:02x}:{self.port & 255:02x}",
        }  # fmt: skip
        words["OTHER_CORE"] = "none.so" if self.technology == "PJSIP" else "res_pjsip.so"
        for source in (HERE / "etc").glob("*.conf"):
            (self.home / "etc" / source.name).write_text(Template(source.read_text()).substitute(words))

    async def start(self) -> None:
        """Start and wait until it is fully booted."""
        self._launch()
        await self._booted()

    def _launch(self) -> None:
        loader = debs.found(self.root, "usr/lib/*/ld-linux-*.so.*", "lib/*/ld-linux-*.so.*", "lib64/ld-linux-*.so.*")
        places = ("usr/lib/*-linux-gnu", "lib/*-linux-gnu", "usr/lib")
        libraries = ":".join(str(path) for place in places for path in self.root.glob(place))
        command = [loader, "--library-path", libraries, self.root / "usr/sbin/asterisk"]
        command += ["-C", self.home / "etc/asterisk.conf", "-f"]
        with (self.home / "log/console").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._own_names(), *map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.home, start_new_session=True,
            )  # fmt: skip

    def _own_names(self) -> list[str]:
        """A mount namespace in which the machine's own name leads to loopback (res_pjsip looks it up at load)."""
        (self.home / "hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
        (self.home / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        unshare = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
        script = f"mount --bind {self.home}/hosts /etc/hosts && mount --bind {self.home}/resolv.conf /etc/resolv.conf"
        leash = ["setpriv", "--pdeathsig", "TERM"]  # who is killed without a word takes his PBX along
        with contextlib.suppress(OSError):
            probe = subprocess.run([*unshare, "sh", "-c", script], capture_output=True, check=False)
            if probe.returncode == 0:
                return [*unshare, "sh", "-c", f'{script}; exec "$@"', "sh", *leash]
        return leash if shutil.which("setpriv") else []

    async def _booted(self) -> None:
        try:
            async with asyncio.timeout(60):
                while not await self._says_booted():
                    if self._process is None or self._process.poll() is not None:
                        raise AssertionError(f"Asterisk {self.version} did not start: {self.log()}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"Asterisk {self.version} did not boot: {self.log()}") from None

    async def _says_booted(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            return False
        try:
            writer.write(f"Action: Login\r\nUsername: {USERNAME}\r\nSecret: {SECRET}\r\n\r\n".encode())
            async with asyncio.timeout(3):
                await reader.readuntil(b"FullyBooted")
            return True
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            return False
        finally:
            writer.close()

    def log(self) -> str:
        """The end of what Asterisk wrote on its console and in its log."""
        texts = [path.read_text(errors="replace") for path in sorted((self.home / "log").glob("*")) if path.is_file()]
        return "\n".join(text[-3000:] for text in texts)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it: SIGTERM hangs up and says so, SIGKILL does not."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            await asyncio.to_thread(process.wait, 15)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)

    async def again(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it and start it anew; the phones register again."""
        await self.stop(how)
        await self.start()
        for phone in self.phones.values():
            await phone.register()

    async def calm(self) -> None:
        """Hang up whatever is left of a story, forget who rang, and wait until no channel is left."""
        devices = [*self.phones.values(), *self.trunks.values()]
        for device in devices:
            await device.hang_up_all()
        ami = await Recorder.logged_in(self.host, self.port, self.username, self.secret)
        try:
            async with asyncio.timeout(20):
                await ami.calm()
        finally:
            await ami.close()
        for device in devices:
            device.forget()
