"""A landing zone in Amazon S3: session keys that rotate, on a real server, and as AWS says it in a played one."""

import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.base import AccessDenied, CredentialExpired, Folder, NotFound, Unsupported
from adapters.retry import RetryingAdapter
from auditor.worlds.platform import AmazonZone
from tests.adapters.landing_zones import in_turn, zones
from tests.servers import seaweedfs
from tests.servers.fake_s3 import Answer, Request, error, fake_s3, page, stored

FOLDER = "dlz-adf-connectors/x"


@dataclass
class Rotating:
    """A real server whose keys change when the test says so: from then on it refuses the old secret."""

    server: seaweedfs.SeaweedFS
    bucket: str
    pid: int
    identities: Path
    secret: str = "zone-secret-0"

    def zone(self) -> AmazonZone:
        return AmazonZone(self.bucket, FOLDER, "zone-key", self.secret)

    def rotate(self) -> None:
        self.secret = f"{self.secret[:-1]}{int(self.secret[-1]) + 1}"
        told = json.loads(self.identities.read_text())
        told["identities"] = [each for each in told["identities"] if each["name"] != "zone"]
        credentials = [{"accessKey": "zone-key", "secretKey": self.secret}]
        told["identities"].append({"name": "zone", "credentials": credentials, "actions": ["Read", "List"]})
        self.identities.write_text(json.dumps(told))
        os.kill(self.pid, signal.SIGHUP)
        self.wait_until_known()

    def wait_until_known(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with zones(self.zone) as made:
                adapter = made.open(endpoint_url=self.server.endpoint_url)
                try:
                    next(adapter.list_objects(""), None)
                except CredentialExpired:
                    time.sleep(0.1)
                else:
                    return
                finally:
                    adapter.close()
        raise RuntimeError("SeaweedFS did not take the new keys")


@pytest.fixture(scope="module")
def rotating() -> Iterator[Rotating]:
    with tempfile.TemporaryDirectory(prefix="seaweedfs-", ignore_cleanup_errors=True) as home:
        process, ports, server = seaweedfs._start(Path(home))
        try:
            bucket = server.make_bucket()
            for n in range(20):
                server.put(bucket, f"{FOLDER}/p/{n:02}", b"x" * 4000)
            server.put(bucket, f"{FOLDER}-of-others/p/00", b"no business of ours")
            yield Rotating(server, bucket, process.pid, next(Path(home).glob("*/s3.json")))
        finally:
            seaweedfs._stop(process, ports)


@pytest.fixture
def made(rotating: Rotating) -> Iterator[Any]:
    rotating.rotate()
    with zones(rotating.zone) as opened:
        yield opened


def test_a_listing_goes_on_at_the_same_page_when_the_keys_have_rotated(rotating: Rotating, made):
    adapter = RetryingAdapter(made.open(endpoint_url=rotating.server.endpoint_url))
    got = []
    for number, info in enumerate(adapter.list_objects("p/")):
        if number in (4, 11):
            rotating.rotate()
        got.append(info.key)
    assert got == [f"p/{n:02}" for n in range(20)]
    assert made.fetched == 3
    assert adapter.retries == 0
    adapter.close()


def test_reads_and_descriptions_go_on_too(rotating: Rotating, made):
    adapter = made.open(endpoint_url=rotating.server.endpoint_url)
    assert list(adapter.list_folder("")) == [Folder("p/")]
    rotating.rotate()
    assert adapter.describe_object("p/01").size == 4000
    rotating.rotate()
    with adapter.read_object("p/02", 3990) as stream:
        assert stream.read() == b"x" * 10
    with pytest.raises(NotFound) as caught:
        adapter.describe_object("p/absent")
    assert caught.value.key == "p/absent"
    with pytest.raises((NotFound, Unsupported)):
        adapter.read_object("../x-of-others/p/00")
    assert adapter.excess_rights() is None
    assert made.fetched == 3
    adapter.close()


# What AWS itself answers: tokens that end, played over real HTTP.


def zone(token: str, folder: str = FOLDER, **more: Any) -> AmazonZone:
    return AmazonZone("exports", folder, f"key-of-{token}", "secret", token, **more)


KEYS = [f"p/{n}" for n in range(6)]


class Bucket:
    """Six objects under the zone's folder; only one session token is good at a time."""

    def __init__(self, folder: str = FOLDER) -> None:
        self.good = "token-1"
        self.root = f"{folder}/" if folder else ""
        self.listed: list[str] = []  # the continuation tokens of the pages that were given

    def __call__(self, request: Request) -> Answer:
        if request.headers.get("x-amz-security-token") != self.good:
            return error("ExpiredToken", 400, said="The provided token has expired. s3cr3t")
        if not request.is_listing:
            name = request.path.removeprefix(f"/exports/{self.root}")
            return stored(b"12345", request) if name in KEYS else error("NoSuchKey", 404)
        start = int(request.query.get("continuation-token", "0"))
        self.listed.append(str(start))
        assert request.query["prefix"].startswith(self.root)
        keys = [f"{self.root}{key}" for key in KEYS[start : start + 2]]
        markers = [self.root] if self.root and start == 0 else []
        return page([*markers, *keys], token=str(start + 2) if start < 4 else None, prefix=request.query["prefix"])


@contextmanager
def playing(bucket: Any, *given: AmazonZone, **options: Any) -> Iterator[Any]:
    with fake_s3(bucket) as s3, zones(in_turn(*given)) as opened:
        adapter = opened.open(endpoint_url=s3.endpoint_url, **options)
        yield opened, adapter
        adapter.close()


def test_an_expired_token_is_renewed_and_the_same_page_asked_for_again():
    bucket = Bucket()
    with playing(bucket, zone("token-1"), zone("token-2"), zone("token-3")) as (made, adapter):
        listing = adapter.list_objects("")
        got = [next(listing).key for _ in range(3)]
        bucket.good = "token-2"
        got += [info.key for info in listing]
        assert got == KEYS, "and the marker of the zone's own folder has no name in it"
        assert bucket.listed == ["0", "2", "4"]
        assert made.fetched == 2
        bucket.good = "token-3"
        assert adapter.describe_object("p/0").key == "p/0"
        with adapter.read_object("p/1") as stream:
            assert stream.read() == b"12345"
        assert made.fetched == 3


def test_an_expired_token_is_found_out_where_a_refusal_has_no_body():
    bucket = Bucket()
    with playing(bucket, zone("token-0"), zone("token-1")) as (made, adapter):
        assert adapter.describe_object("p/0").size == 5
        assert made.fetched == 2


def test_tokens_that_are_refused_again_and_again_are_no_loop():
    bucket = Bucket()
    bucket.good = "none"
    with playing(bucket, *[zone(f"token-{n}") for n in range(50)]) as (made, adapter):
        for asked, ask in enumerate((lambda: list(adapter.list_objects("")), lambda: adapter.read_object("p/0")), 1):
            with pytest.raises(CredentialExpired) as caught:
                ask()
            assert "s3cr3t" not in str(caught.value)
            assert made.fetched == 1 + asked


def test_the_same_token_again_leaves_the_refusal_as_it_is():
    bucket = Bucket()
    with playing(bucket, zone("token-0")) as (made, adapter):
        for _ in range(3):
            with pytest.raises(CredentialExpired):
                adapter.read_object("p/0")
        assert made.fetched == 2


def test_a_missing_right_is_no_matter_of_the_token():
    with playing(lambda _: error("AccessDenied", 403), zone("token-1"), zone("token-2")) as (made, adapter):
        with pytest.raises(AccessDenied, match="s3:ListBucket"):
            list(adapter.list_objects(""))
        assert made.fetched == 1


def test_keys_are_renewed_before_they_end_by_the_servers_own_clock():
    bucket = Bucket()
    soon = int(time.time()) + 2
    given = (zone("token-1", expires_at_s=soon), zone("token-2", expires_at_s=soon + 3600))
    with playing(bucket, *given) as (made, adapter):
        adapter.describe_object("p/0")
        time.sleep(1.2)
        bucket.good = "token-2"
        adapter.describe_object("p/0")
        adapter.describe_object("p/0")
        assert made.fetched == 2


def test_a_zone_may_be_a_whole_bucket():
    with playing(Bucket(folder=""), zone("token-1", folder="")) as (_, adapter):
        assert [info.key for info in adapter.list_objects("")] == KEYS


def test_names_are_those_below_the_folder_whatever_the_server_encodes():
    def answer(request: Request) -> Answer:
        keys = [f"{FOLDER}/a b/ü+%", f"{FOLDER}/a b/é"]
        return page(keys, prefix=request.query["prefix"], encoded=request.query.get("encoding-type") == "url")

    with playing(answer, zone("token-1")) as (_, adapter):
        assert [info.key for info in adapter.list_objects("a b/")] == ["a b/ü+%", "a b/é"]


def test_a_server_that_lists_outside_the_folder_is_found_out():
    with playing(lambda _: page(["elsewhere/p/0"]), zone("token-1")) as (_, adapter):
        listing = adapter.list_objects("p/")
        with pytest.raises(Unsupported) as caught:
            next(listing)
    assert (caught.value.destination, caught.value.key) == ("lake", "p/")


def test_a_listing_starts_at_a_key_below_the_folder():
    asked: list[str] = []

    def answer(request: Request) -> Answer:
        asked.append(request.query.get("start-after", ""))
        return page([f"{FOLDER}/p/t=2/a"], prefix=request.query["prefix"])

    with playing(answer, zone("token-1")) as (_, adapter):
        assert [info.key for info in adapter.list_objects("p/", start_at="p/t=2/")] == ["p/t=2/a"]
        assert [info.key for info in adapter.list_objects("p/")] == ["p/t=2/a"]
    assert asked[0].startswith(f"{FOLDER}/p/t=1")
    assert asked[-1] == ""
