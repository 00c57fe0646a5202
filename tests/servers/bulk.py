"""Thousands of small uploads in a hurry: plain requests over kept connections, a few at a time."""

import http.client
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import urlsplit

WORKERS = 4


@dataclass(frozen=True)
class Upload:
    target: str  # path and query, encoded
    body: bytes
    method: str = "PUT"
    headers: dict[str, str] = field(default_factory=dict)


def send_all(address: str, uploads: Iterable[Upload]) -> None:
    """Send all to the server at `address`. Raises RuntimeError for an answer that is no success."""
    every = list(uploads)
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda n: _send(address, islice(every, n, None, WORKERS)), range(WORKERS)))


def _send(address: str, uploads: Iterable[Upload]) -> None:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        for upload in uploads:
            connection.request(upload.method, upload.target, upload.body, upload.headers)
            answer = connection.getresponse()
            told = answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{upload.method} {urlsplit(upload.target).path}: {answer.status} {told[:300]!r}")
    finally:
        connection.close()
