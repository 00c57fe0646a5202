"""ADLS Gen2 over real HTTP: its two endpoints, its directories, its rights, and what no answer may be taken for."""

import base64
import hashlib
import logging
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.storage.blob import ContentSettings

from adapters.adls import AdlsAdapter
from adapters.adls_endpoints import endpoint, lacking
from adapters.adls_requests import VERSION, PathRequests
from adapters.azure_session import AzureLogin
from adapters.base import (
    AccessDenied,
    CredentialExpired,
    DestinationError,
    Folder,
    NotFound,
    NotTrusted,
    Throttled,
    Unreachable,
    Unsupported,
)
from adapters.registry import open_destination
from adapters.retry import Policy, RetryingAdapter
from tests.servers.dfs import Lake, error, is_dfs, lake, page, shared
from tests.servers.fake_entra import Certificate, FakeEntra, fake_entra, make_certificate
from tests.servers.fake_s3 import Answer, Request
from tests.servers.https_front import https_front

__all__ = ["lake", "shared"]

SIGNATURE = "SIGNATURE-never-to-be-seen"


@pytest.fixture
def file_system(lake: Lake) -> str:
    return lake.make_file_system()


@pytest.fixture
def adapter(lake: Lake, file_system: str) -> Iterator[AdlsAdapter]:
    opened = AdlsAdapter("lake", file_system, **lake.options)
    yield opened
    opened.close()


def keys(adapter: Any, prefix: str = "", **options: Any) -> list[str]:
    return [info.key for info in adapter.list_objects(prefix, **options)]


# --- directories


def test_directories_are_seen_and_are_no_data(lake: Lake, file_system: str, adapter: AdlsAdapter):
    lake.put(file_system, "p/full/x", b"12345")
    lake.make_directory(file_system, "p/empty/deeper")
    assert sorted(keys(adapter, "p/")) == ["p/empty/deeper/", "p/full/x"]
    assert sorted(adapter.list_folder("p/"), key=str) == [Folder("p/empty/"), Folder("p/full/")]
    assert (adapter.describe_object("p/full/").key, adapter.describe_object("p/full/").size) == ("p/full/", 0)
    with pytest.raises(NotFound):
        adapter.describe_object("p/full")
    with pytest.raises(NotFound):
        adapter.read_object("p/full")


def test_a_directory_stays_when_its_last_file_has_gone(lake: Lake, file_system: str, adapter: AdlsAdapter):
    lake.put(file_system, "p/d/x", b"12345")
    lake.remove(file_system, "p/d/x")
    (marker,) = adapter.list_objects("p/")
    assert (marker.key, marker.size, marker.is_marker) == ("p/d/", 0, True)
    assert marker == adapter.describe_object("p/d/")
    assert list(adapter.list_objects("p/d/")) == [marker]


def test_a_file_is_no_directory(lake: Lake, file_system: str, adapter: AdlsAdapter):
    lake.put(file_system, "p/x", b"12345")
    assert keys(adapter, "p/x/") == []
    assert list(adapter.list_folder("p/x/")) == []
    assert keys(adapter, "p/x") == ["p/x"]


# --- starting in the middle


def test_a_repeat_listing_with_nothing_new_is_one_request(lake: Lake, file_system: str, adapter: AdlsAdapter):
    days = [f"x/exportTime=202610{day:02}000000" for day in range(1, 31)]
    lake.put_many(file_system, {f"{day}/part-{n}": b"1" for day in days for n in range(3)})
    lake.proxy.requests.clear()
    assert len(keys(adapter, "x/", start_at=f"{days[-1]}/")) == 3
    (request,) = lake.proxy.requests
    assert request.query["beginFrom"] == "exportTime=20261030000000"
    assert request.headers["x-ms-version"] == "2026-02-06"


def test_a_listing_without_a_start_asks_for_an_older_version_of_the_service(lake: Lake, adapter: AdlsAdapter):
    assert keys(adapter) == []
    assert lake.listings[0].headers["x-ms-version"] == "2021-12-02"


def test_a_service_that_cannot_start_in_the_middle_is_listed_whole(lake: Lake, file_system: str, adapter: AdlsAdapter):
    lake.put_many(file_system, {f"x/t={n}/part": b"1" for n in range(5)})
    lake.faults.append(lambda r: error("UnsupportedQueryParameter", 400) if "beginFrom" in r.query else None)
    assert keys(adapter, "x/", start_at="x/t=3/") == ["x/t=3/part", "x/t=4/part"]
    assert adapter.remarks == ["the server lists from no start in the middle; whole directories are listed instead"]


# --- pages


def test_no_more_than_the_largest_page_is_asked_for(lake: Lake, file_system: str):
    adapter = AdlsAdapter("lake", file_system, **lake.options, page_size=9_999)
    assert keys(adapter) == []
    assert lake.listings[0].query["maxResults"] == "5000"
    adapter.close()


def test_a_page_that_takes_too_long_is_asked_for_again_and_smaller(lake: Lake, file_system: str):
    """Azure/azure-sdk-for-python#10219"""
    wanted = [f"p/{number:03}" for number in range(60)]
    lake.put_many(file_system, dict.fromkeys(wanted, b"1"))
    lake.faults.append(lambda r: error("OperationTimedOut", 500) if int(r.query.get("maxResults", 0)) > 20 else None)
    waits: list[float] = []
    adapter = RetryingAdapter(
        AdlsAdapter("lake", file_system, **lake.options, page_size=200), Policy(sleep=waits.append)
    )
    assert sorted(keys(adapter, "p/")) == wanted
    assert [request.query["maxResults"] for request in lake.listings] == ["200", "50", "12", "12", "12", "12", "12"]
    assert len(waits) == 2
    adapter.close()


def test_a_page_that_takes_too_long_in_the_middle_goes_on_from_the_continuation(lake: Lake, file_system: str):
    wanted = [f"p/{number:03}" for number in range(20)]
    lake.put_many(file_system, dict.fromkeys(wanted, b"1"))
    slow = {"continuation", "maxResults"}
    lake.faults.append(
        lambda r: error("OperationTimedOut", 500) if slow <= r.query.keys() and r.query["maxResults"] == "8" else None
    )
    adapter = RetryingAdapter(
        AdlsAdapter("lake", file_system, **lake.options, page_size=8), Policy(sleep=lambda _: None)
    )
    assert sorted(keys(adapter, "p/")) == wanted
    adapter.close()


NO_LISTINGS: list[tuple[bytes, str, type[DestinationError]]] = [
    (b"{}", "application/json", Unsupported),
    (b'{"paths":null}', "application/json", Unsupported),
    (b"[]", "application/json", Unsupported),
    (b"", "application/json", Unsupported),
    (b'{"paths":[{"name"', "application/json", Unsupported),
    (b"<html>please log in</html>", "text/html", Unsupported),
    (b'{"error":{"code":"ServerBusy","message":"x"}}', "application/json", Throttled),
    (b'{"error":{"code":"OperationTimedOut","message":"x"}}', "application/json", Unreachable),
    (b'{"paths":[{"name":"x"}]}', "application/json", Unsupported),
    (b'{"paths":[{"name":"x","contentLength":"many","lastModified":"now"}]}', "application/json", DestinationError),
]


@pytest.mark.parametrize("body, kind, expected", NO_LISTINGS, ids=[str(case[0])[:30] for case in NO_LISTINGS])
def test_what_is_no_listing_is_never_an_empty_one(
    lake: Lake, adapter: AdlsAdapter, body: bytes, kind: str, expected: type[DestinationError]
):
    lake.faults.append(lambda r: Answer(200, body, {"Content-Type": kind}))
    for ask in (lambda: keys(adapter, "p/"), lambda: list(adapter.list_folder("p/"))):
        with pytest.raises(expected) as caught:
            ask()
        assert (caught.value.destination, caught.value.operation, caught.value.key) == ("lake", "list", "p/")


def test_the_same_continuation_again_is_no_end(lake: Lake, adapter: AdlsAdapter):
    lake.faults.append(lambda r: page([], "again"))
    with pytest.raises(Unsupported, match="circle"):
        keys(adapter, "p/")


# --- what is not there, and what only looks so


def test_a_directory_that_is_not_there_is_nothing_and_a_file_system_is(lake: Lake, adapter: AdlsAdapter):
    assert keys(adapter, "absent/") == []
    missing = AdlsAdapter("lake", "exports-absent", **lake.options)
    with pytest.raises(NotFound, match=r"the file system is not there \(FilesystemNotFound\); the blob .* says so too"):
        keys(missing, "p/")
    missing.close()


def says_not_there(request: Request) -> Answer | None:
    return error("FilesystemNotFound", 404) if is_dfs(request) else None


@pytest.mark.parametrize(
    "permissions, said",
    [
        ("rl", "the blob endpoint lists it; the SAS lacks no permission to list and read"),
        ("r", "the blob endpoint says: access denied: .*; the SAS lacks `l` .list."),
        ("l", "the blob endpoint lists it; the SAS lacks `r` .read."),
    ],
)
def test_dfs_alone_is_not_believed_that_a_file_system_is_gone(
    lake: Lake, file_system: str, permissions: str, said: str
):
    """Azure/azure-sdk-for-python#24106"""
    lake.put(file_system, "p/x", b"12345")
    lake.faults.append(says_not_there)
    sas = lake.azurite.container_sas(file_system, permissions)
    adapter = AdlsAdapter("lake", file_system, account_url=lake.account_url, sas_token=sas)
    with pytest.raises(AccessDenied, match=f"could not look: the dfs endpoint says: .*; {said}") as caught:
        keys(adapter, "p/")
    assert "FilesystemNotFound" in str(caught.value)
    assert "sig" not in str(caught.value)
    adapter.close()


def test_dfs_alone_is_not_believed_when_blob_cannot_be_asked(lake: Lake, file_system: str, adapter: AdlsAdapter):
    lake.faults += [says_not_there, lambda r: error("ServerBusy", 503)]
    with pytest.raises(Throttled):
        keys(adapter, "p/")


@pytest.mark.parametrize(
    "sas, said",
    [
        ("sp=rl&sr=c&sig=x", "lacks no permission"),
        ("sp=r&sr=c&sig=x", "lacks `l` (list)"),
        ("sp=w&sr=c&sig=x", "lacks `l` (list), `r` (read)"),
        ("sp=rl&ss=f&srt=sco&sig=x", "lacks the blob service (`ss=b`)"),
        ("sp=rl&ss=b&srt=o&sig=x", "lacks resource type `c` (container)"),
        ("sp=rl&sr=b&sig=x", "lacks the whole container (`sr=c`)"),
        ("sp=rl&sr=d&sdd=2&sig=x", "lacks no permission"),
        ("si=policy&sr=c&sig=x", "in a stored access policy"),
    ],
)
def test_a_sas_says_itself_what_it_lacks(sas: str, said: str):
    assert said in lacking(sas)


# --- logging in


@pytest.mark.parametrize(
    "account_url, dfs, blob",
    [
        (
            "https://acme.dfs.core.windows.net",
            "https://acme.dfs.core.windows.net",
            "https://acme.blob.core.windows.net",
        ),
        (
            "https://acme.blob.core.windows.net/",
            "https://acme.dfs.core.windows.net/",
            "https://acme.blob.core.windows.net/",
        ),
        (
            "https://acme.z7.dfs.storage.azure.net",
            "https://acme.z7.dfs.storage.azure.net",
            "https://acme.z7.blob.storage.azure.net",
        ),
        (
            "https://acme.dfs.core.windows.net?sp=rl&sig=.blob.",
            "https://acme.dfs.core.windows.net?sp=rl&sig=.blob.",
            "https://acme.blob.core.windows.net?sp=rl&sig=.blob.",
        ),
        ("ACME.dfs.core.windows.net", "https://acme.dfs.core.windows.net", "https://acme.blob.core.windows.net"),
        ("http://127.0.0.1:10000/acme", "http://127.0.0.1:10000/acme", "http://127.0.0.1:10000/acme"),
    ],
)
def test_either_endpoint_gives_the_other(account_url: str, dfs: str, blob: str):
    assert (endpoint(account_url, "dfs"), endpoint(account_url, "blob")) == (dfs, blob)


def test_listings_go_to_dfs_and_all_else_to_blob(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def send(_: object, request: Any, **__: Any) -> None:
        asked.append(f"{request.method} {request.url.partition('?')[0]}")
        raise ConnectionError

    monkeypatch.setattr("requests.Session.send", send)
    adapter = AdlsAdapter("lake", "exports", account_url="https://acme.blob.core.windows.net", sas_token="sp=rl&sig=x")
    for ask in (lambda: keys(adapter), lambda: adapter.describe_object("p/x"), lambda: adapter.read_object("p/x")):
        with pytest.raises(Unreachable):
            ask()
    assert asked == [
        "GET https://acme.dfs.core.windows.net/exports",
        "HEAD https://acme.blob.core.windows.net/exports/p/x",
        "GET https://acme.blob.core.windows.net/exports/p/x",
    ]


def test_a_sas_may_be_for_the_account_or_stand_in_the_address(lake: Lake, file_system: str):
    lake.put(file_system, "p/x", b"12345")
    sas = lake.azurite.account_sas("rl")
    for options in (
        {"account_url": lake.account_url, "sas_token": sas},
        {"account_url": lake.account_url, "sas_token": f"?{sas}"},
        {"account_url": f"{lake.account_url}?{sas}"},
    ):
        adapter = AdlsAdapter("lake", file_system, **options)
        assert keys(adapter) == ["p/x"]
        assert adapter.read_object("p/x").read() == b"12345"
        adapter.close()


def test_a_key_that_is_no_key_is_no_login(lake: Lake, file_system: str):
    for key in ("%%%", base64.b64encode(b"another").decode()):
        adapter = AdlsAdapter("lake", file_system, account_url=lake.account_url, account_key=key)
        with pytest.raises(CredentialExpired):
            keys(adapter)
        adapter.close()


def test_an_ended_sas_says_when(lake: Lake, file_system: str):
    ended = datetime.now(UTC) - timedelta(hours=1)
    sas = lake.azurite.container_sas(file_system, expiry=ended)
    adapter = AdlsAdapter("lake", file_system, account_url=lake.account_url, sas_token=sas)
    with pytest.raises(CredentialExpired, match=ended.strftime("the SAS ended at %Y-%m-%d")):
        keys(adapter)
    adapter.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def entra(certificate: Certificate) -> Iterator[FakeEntra]:
    with fake_entra(certificate) as server:
        yield server


@pytest.fixture
def front(lake: Lake, certificate: Certificate) -> Iterator[str]:
    with https_front(lake.proxy.address, certificate) as address:
        yield f"{address}/{lake.azurite.account_name}"


def test_a_service_principal_lists_and_reads(
    lake: Lake, file_system: str, entra: FakeEntra, front: str, certificate: Certificate, monkeypatch
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.file))
    lake.put(file_system, "p/x", b"12345")
    adapter = AdlsAdapter("lake", file_system, account_url=front, **entra.options)
    assert keys(adapter) == ["p/x"]
    assert adapter.describe_object("p/x").size == 5
    assert adapter.read_object("p/x", 1, 3).read() == b"234"
    assert adapter.excess_rights() is None
    adapter.close()
    assert {asked["scope"] for asked in entra.asked} == {"https://storage.azure.com/.default"}
    assert all(r.headers["authorization"].startswith("Bearer ") for r in lake.proxy.requests)


def test_a_service_principal_that_is_refused_is_no_login(
    lake: Lake, file_system: str, entra: FakeEntra, front: str, certificate: Certificate, monkeypatch
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.file))
    for entra.refusal, entra.valid_s in (((401, "AADSTS7000215"), 3600), (None, -60)):
        adapter = AdlsAdapter("lake", file_system, account_url=front, **entra.options)
        for ask in (lambda a=adapter: keys(a), lambda a=adapter: a.read_object("p/x")):
            with pytest.raises(CredentialExpired) as caught:
                ask()
            assert entra.options["client_secret"] not in str(caught.value)
        adapter.close()


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(lake: Lake, file_system: str, front: str):
    sas = lake.azurite.container_sas(file_system)
    adapter = AdlsAdapter("lake", file_system, account_url=front, sas_token=sas)
    for ask in (lambda: keys(adapter), lambda: adapter.read_object("p/x")):
        with pytest.raises(NotTrusted):
            ask()
    adapter.close()


@pytest.mark.parametrize(
    "options",
    [
        {"account_key": "a2V5", "sas_token": "sp=rl&sig=x"},
        {"client_secret": "x"},
        {"tenant_id": "x"},
        {"file_system": "a/b"},
        {"file_system": ""},
        {"page_size": 0, "account_key": "a2V5"},
        {"account_url": "http://acme.dfs.core.windows.net"},
        {"account_url": "", "account_key": "a2V5"},
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_asked(options: dict[str, Any]):
    given = {"file_system": "exports", "account_url": "https://acme.dfs.core.windows.net", **options}
    with pytest.raises(ValueError, match="lake"):
        open_destination("lake", "adls-gen2", given)


def test_rights_to_write_are_seen_by_the_text_of_the_credentials(lake: Lake, file_system: str):
    def rights(**options: Any) -> object:
        adapter = AdlsAdapter("lake", file_system, account_url=lake.account_url, **options)
        return adapter.excess_rights()

    assert rights(sas_token="sp=rl&sig=x") == ()
    assert rights(sas_token="sp=rwdl&sig=x") == ("SAS permission w (write)", "SAS permission d (delete)")
    assert rights(account_key="a2V5") == ("full control of the account (account key)",)
    assert lake.proxy.requests == []


# --- bytes


def test_bytes_come_as_they_are_stored(lake: Lake, file_system: str, adapter: AdlsAdapter):
    """Azure/azure-sdk-for-python#23714, #34350"""
    data = random.Random(5).randbytes(1_000_000)
    lake.put(file_system, "p/x.json.gz", data, content_settings=ContentSettings(content_encoding="gzip"))
    (info,) = adapter.list_objects("p/")
    assert info.size == len(data)
    with adapter.read_object("p/x.json.gz", version=info.version) as stream:
        assert hashlib.sha256(stream.read()).digest() == hashlib.sha256(data).digest()


def test_a_kept_md5_is_told(lake: Lake, file_system: str, adapter: AdlsAdapter):
    md5 = hashlib.md5(b"12345").digest()
    lake.put(file_system, "p/x", b"12345", content_settings=ContentSettings(content_md5=bytearray(md5)))
    checksum = adapter.describe_object("p/x").checksum
    assert checksum is not None
    assert (checksum.kind, checksum.value) == ("md5", md5)


# --- what leaves the process


def test_only_reading_requests_are_sent(lake: Lake, file_system: str, adapter: AdlsAdapter):
    lake.put(file_system, "p/x", b"12345")
    lake.proxy.requests.clear()
    keys(adapter, start_at="p/a")
    list(adapter.list_folder("p/"))
    adapter.describe_object("p/x")
    adapter.read_object("p/x", 1, 2).close()
    adapter.excess_rights()
    assert {request.method for request in lake.proxy.requests} == {"GET", "HEAD"}


SPOILED: list[dict[str, Any]] = [
    {"file_system": "a name with spaces"},
    {"account_url": "https://127.0.0.1:1/acme"},
    {"account_url": "https://[not-a-host/acme"},
    {"account_url": "https://nobody-lives-here.invalid"},
]


@pytest.mark.parametrize("options", SPOILED, ids=str)
def test_no_signature_is_told_by_an_error_or_a_log(options: dict[str, Any], caplog: pytest.LogCaptureFixture):
    """Azure/azure-sdk-for-java#10887, Azure/azure-storage-azcopy#403"""
    caplog.set_level(logging.DEBUG)
    sas = f"sv=2021-12-02&sr=c&sp=rl&sig={SIGNATURE}"
    given = {"file_system": "exports", "account_url": "http://127.0.0.1:1/acme", "sas_token": sas, **options}
    told = [repr(given["account_url"])]
    try:
        adapter = AdlsAdapter("lake", **given)
        told.append(repr(adapter))
    except ValueError as error:
        told.append(str(error))
    else:
        for ask in (lambda: keys(adapter), lambda: adapter.read_object("x"), lambda: adapter.describe_object("x")):
            with pytest.raises(DestinationError) as caught:
                ask()
            told += [str(caught.value), repr(caught.value), repr(caught.value.__cause__), repr(caught.value.args)]
    assert SIGNATURE not in "".join(told)
    assert SIGNATURE not in caplog.text


def test_no_signature_is_told_by_a_refusal(lake: Lake, file_system: str, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    sas = f"sv=2021-12-02&sr=c&sp=rl&se=2099-01-01&sig={SIGNATURE}"
    adapter = AdlsAdapter("lake", file_system, account_url=lake.account_url, sas_token=sas)
    for ask in (lambda: keys(adapter), lambda: adapter.read_object("x"), lambda: adapter.describe_object("x")):
        with pytest.raises((AccessDenied, CredentialExpired)) as caught:
            ask()
        assert SIGNATURE not in str(caught.value) + repr(caught.value)
    assert SIGNATURE not in caplog.text
    adapter.close()


def test_a_credential_is_closed_with_the_clients_that_use_it(monkeypatch: pytest.MonkeyPatch):
    closed: list[str] = []

    class Credential:
        def get_token(self, *_scopes: str) -> None:
            """Nothing is asked for."""

        def close(self) -> None:
            closed.append("credential")

    monkeypatch.setattr(AzureLogin, "_open_token_credential", lambda _: Credential())
    requests = PathRequests("lake", "exports", AzureLogin(account_url="https://account.dfs.core.windows.net"))
    requests._client(VERSION)
    requests.close()
    assert closed == ["credential"]
