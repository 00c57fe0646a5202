"""Asks the service whether it lives, wherever it listens: the HEALTHCHECK of the image.

The address stands in the configuration alone. The kernel knows which sockets of this container's user listen, so that
the two cannot disagree. Exit code 0: the service answers; 1: it does not, and why is printed.
"""

import http.client
import os
import socket
import struct
import sys
from pathlib import Path

NET = Path("/proc/net")
LISTENS = "0A"  # TCP_LISTEN, include/net/tcp_states.h
TIMEOUT_S = 3.0
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (nothing is bound: how the kernel writes "any")


def find_listening(uid: int, net: Path) -> list[tuple[str, int]]:
    """Addresses and ports at which processes of `uid` listen, loopback for any."""
    found = []
    for name in ("tcp", "tcp6"):
        try:
            lines = (net / name).read_text("ascii").splitlines()[1:]
        except FileNotFoundError:  # a kernel without IPv6
            continue
        rows = [line.split() for line in lines]
        found += [parse_address(row[1]) for row in rows if row[3] == LISTENS and int(row[7]) == uid]
    return found


def parse_address(text: str) -> tuple[str, int]:
    """`0100007F:1F90` as ("127.0.0.1", 8080): words of 32 bits in the order of this machine, then the port."""
    host, _, port = text.partition(":")
    packed = b"".join(struct.pack("=I", int(host[at : at + 8], 16)) for at in range(0, len(host), 8))
    name = socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)
    return LOOPBACK.get(name, name), int(port, 16)


def ask(host: str, port: int) -> str:
    """What is wrong with the service there; "": it lives."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)  # no proxy of the environment is asked
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{host} port {port}: {error or type(error).__name__}"
    finally:
        connection.close()
    return "" if status == http.client.OK else f"{host} port {port}: status {status}"


def main(net: Path = NET) -> int:
    """The exit code."""
    troubles = []
    for host, port in find_listening(os.getuid(), net):
        trouble = ask(host, port)
        if not trouble:
            print(f"{host} port {port}: alive")
            return 0
        troubles.append(trouble)
    print("; ".join(troubles) or f"nothing of user {os.getuid()} listens")
    return 1


if __name__ == "__main__":
    sys.exit(main())
