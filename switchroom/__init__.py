"""The server: command line, composition root, bus, web frame, live demo."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("switchroom")
except PackageNotFoundError:  # run from a checkout that was never installed
    VERSION = "0"
