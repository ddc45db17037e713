"""What systemd wants to know (sd_notify): that the server is ready, and that it is stopping."""

import os
import socket


def notify(state: str) -> None:
    """Send `state` ("READY=1", "STOPPING=1") to the service manager, if one started us.

    Source: sd_notify(3): a datagram to the socket named by NOTIFY_SOCKET; "@" stands for the abstract namespace.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect(address)
        manager.sendall(state.encode())
