"""Asterisk as Debian builds it, fetched and unpacked for tests, with nothing installed on the host.

A private apt root reads the mirror that the host's apt already uses, so it needs no right and no name of
a mirror. The unpacked tree brings its own C library and is kept in the user's cache.
"""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

SUITES = {"22": "sid", "16": "bullseye"}
PACKAGES = ["asterisk", "asterisk-modules", "asterisk-config", "asterisk-core-sounds-en-gsm"]
EXTRA = {"22": [], "16": ["asterisk-voicemail"]}
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class NotToBeHad(Exception):  # noqa: N818
    """The packages cannot be fetched here; the text says why and what would help."""


def cache() -> Path:
    """Where unpacked trees are kept between runs."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "switchroom-tests" / "asterisk"


def unpacked(version: str) -> Path:
    """The root of an unpacked Asterisk `version` ("22" or "16"), fetched if it is not in the cache yet."""
    place = cache() / version
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        root = place / "root"
        if not root.exists():
            _fetch(version, place / "apt")
            _unpack(place / "apt", place / "new")
            (place / "new").rename(root)
            shutil.rmtree(place / "apt")
        return root


def _fetch(version: str, apt: Path) -> None:
    if shutil.which("apt-get") is None:
        raise NotToBeHad("needs Debian's apt-get to fetch Asterisk")
    for folder in ("state/lists/partial", "cache/archives/partial", "log", "parts"):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    (apt / "status").write_text("")
    (apt / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {SUITES[version]} main\n")
    _apt(apt, "update")
    _apt(apt, "install", "-y", "--download-only", *PACKAGES, *EXTRA[version])


def mirror() -> str:
    """The URI that this machine's apt uses for Debian."""
    texts = [path.read_text() for path in Path("/etc/apt/sources.list.d").glob("*.sources")]
    lists = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*.list")]
    texts += [path.read_text() for path in lists if path.exists()]
    for text in texts:
        for uri in re.findall(r"^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(\S+?)/?(?:\s|$)", text, re.MULTILINE):
            if uri.endswith("/debian"):
                return uri
    raise NotToBeHad("no Debian mirror in /etc/apt/sources.list.d: add one and run `apt-get update`")


def _apt(apt: Path, *command: str) -> None:
    options = {
        "Dir::Etc::sourcelist": apt / "sources.list", "Dir::Etc::sourceparts": apt / "parts",
        "Dir::Etc::preferences": apt / "none", "Dir::Etc::preferencesparts": apt / "parts",
        "Dir::State": apt / "state", "Dir::State::Lists": apt / "state/lists", "Dir::State::status": apt / "status",
        "Dir::Cache": apt / "cache", "Dir::Log": apt / "log", "APT::Install-Recommends": "false",
        "Acquire::Languages": "none", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::Check-Valid-Until": "false", "Acquire::Retries": "3", "APT::Sandbox::User": "",
        "Debug::NoLocking": "1", "Binary::apt-get::APT::Keep-Downloaded-Packages": "true",
    }  # fmt: skip
    flags = [flag for name, value in options.items() for flag in ("-o", f"{name}={value}")]
    done = subprocess.run(["apt-get", "-q", *flags, *command], capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        raise NotToBeHad(f"`apt-get {' '.join(command)}` failed: {(done.stderr or done.stdout)[-600:]}")


def _unpack(apt: Path, root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    packages = sorted((apt / "cache/archives").glob("*.deb"))
    if not packages:
        raise NotToBeHad("apt-get kept none of the packages it fetched")
    for package in packages:
        subprocess.run(["dpkg", "-x", package, root], check=True, capture_output=True)
    # The packages' own scripts, which make this link, are not run; without it Atxfer quietly does nothing.
    sounds = root / "usr/share/asterisk/sounds"
    (sounds / "en").symlink_to(next(sounds.glob("en_*")).name)


def found(root: Path, *patterns: str) -> Path:
    """The first file below `root` that one of the patterns finds."""
    finders: list[Callable[[], Path | None]] = [lambda p=p: next(iter(sorted(root.glob(p))), None) for p in patterns]
    path = next((path for find in finders if (path := find())), None)
    if path is None:
        raise NotToBeHad(f"{root} holds none of {', '.join(patterns)}")
    return path


if __name__ == "__main__":
    for wanted in SUITES:
        print(f"Asterisk {wanted}: {unpacked(wanted)}")
