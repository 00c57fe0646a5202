"""A scripted server of Google Cloud Storage and its adapter, patient without waiting."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from adapters.base import Adapter
from adapters.gcs import open_gcs
from adapters.retry import Policy, RetryingAdapter
from tests.servers.fake_s3 import FakeS3, Script, fake_s3

Serve = Callable[..., tuple[RetryingAdapter, FakeS3]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server with a script and opens it; anonymous, where no other credentials are given."""
    with ExitStack() as stack:

        def start(script: Script, **options: object) -> tuple[RetryingAdapter, FakeS3]:
            server = stack.enter_context(fake_s3(script))
            given = {"endpoint_url": server.endpoint_url, "timeout": 5.0, "anonymous": not options} | options
            adapter = open_gcs("lake", "exports", **given)
            stack.callback(adapter.close)
            return RetryingAdapter(adapter, Policy(attempts=3, sleep=lambda _: None)), server

        yield start


def keys(adapter: Adapter, prefix: str = "", start_at: str = "") -> list[str]:
    return [info.key for info in adapter.list_objects(prefix, start_at=start_at)]


def read(adapter: Adapter, key: str, start: int = 0, length: int | None = None, *, version: str = "") -> bytes:
    with adapter.read_object(key, start, length, version=version) as stream:
        return stream.read()
