"""Answers that come drop by drop end too: the limit of each read never ends one that brings a byte in time.

For all HTTP clients that stand on urllib3 (boto3, requests and what is built on it), for headers, listings and bodies.
"""

import http.client
import io
import socket
import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LEAST_BYTES: Final = 64 * 1024
SPAN: Final = 2
"""Timeouts of a read. An answer that brings fewer than so many bytes in it stands as good as still.

With the usual 60 s that is 550 bytes a second. Time in which nobody reads does not count, nor that before the
first byte.
"""


class _PacedSocket(io.RawIOBase):
    """The receiving side of a connection for one answer. Raises TimeoutError for one that does not get on."""

    def __init__(self, raw: io.RawIOBase, span_s: float) -> None:
        self._raw = raw
        self._span_s = span_s
        self._waited_s = 0.0
        self._brought = -1  # the first byte is still to come

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        began_s = time.monotonic()
        count = self._raw.readinto(buffer)
        if self._brought < 0:
            self._brought = 0
        else:
            self._waited_s += time.monotonic() - began_s
        self._brought += count or 0
        if self._waited_s > self._span_s and count:
            if self._brought < LEAST_BYTES:
                raise TimeoutError("the answer comes too slowly")
            self._waited_s, self._brought = 0.0, 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _PacedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        if limit_s := sock.gettimeout():
            self.fp = io.BufferedReader(_PacedSocket(self.fp.detach(), SPAN * limit_s))


def paced(pools: Mapping[str, type]) -> dict[str, type]:
    """urllib3's classes of connection pools, by scheme, as ones whose answers are watched."""
    return {scheme: _paced(pool) for scheme, pool in pools.items()}


@cache
def _paced(pool: Any) -> Any:
    connection = pool.ConnectionCls
    if connection.response_class is _PacedResponse:
        return pool
    watched = type(connection.__name__, (connection,), {"response_class": _PacedResponse})
    return type(pool.__name__, (pool,), {"ConnectionCls": watched})
