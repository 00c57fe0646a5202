"""Azure Blob as its users run it: every way to log in, rights that lack, whole trees, and no secret in any text."""

import gzip
import hashlib
import json
import logging
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import AccessPolicy, ContainerSasPermissions, ContentSettings

from adapters.azure_blob import AzureBlobAdapter
from adapters.base import (
    AccessDenied,
    Adapter,
    Archived,
    CredentialExpired,
    DestinationError,
    NotFound,
    NotTrusted,
    Unreachable,
)
from adapters.local import LocalAdapter
from adapters.registry import open_destination
from tests.servers.azurite import ACCOUNT_KEY, Azurite, azurite, running_azurite
from tests.servers.fake_entra import CLIENT, SECRET, Certificate, FakeEntra, fake_entra, make_certificate, token
from tests.servers.fake_s3 import Answer, fake_s3
from tests.servers.fault_proxy import fault_proxy

__all__ = ["azurite"]


@pytest.fixture
def container(azurite: Azurite) -> str:
    return azurite.make_container()


def opened(azurite: Azurite, container: str, **options: Any) -> AzureBlobAdapter:
    return AzureBlobAdapter("lake", container, **({"account_url": azurite.account_url} | options))


def asks(adapter: Adapter) -> list[Any]:
    """Each kind of call."""
    return [
        lambda: list(adapter.list_objects("p/")),
        lambda: list(adapter.list_folder("p/")),
        lambda: adapter.describe_object("p/x"),
        lambda: adapter.read_object("p/x").close(),
    ]


def test_a_tree_in_a_container_lists_and_reads_like_the_tree(azurite: Azurite, container: str, tmp_path: Path):
    for key in ("d/exportTime=1/a b.json.gz", "d/exportTime=1/c+%20.parquet", "d/exportTime=2/ü", "m.json"):
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(key.encode())
    (tmp_path / "d/exportTime=3").mkdir()
    azurite.put_tree(container, tmp_path, "backups/")
    local = LocalAdapter("local", tmp_path)
    remote = open_destination("remote", "azure-blob", {**azurite.options, "container": container, "page_size": 3})
    wanted = {f"backups/{info.key}": (info.size, info.is_marker) for info in local.list_objects("")}
    assert {i.key: (i.size, i.is_marker) for i in remote.list_objects("backups/")} == wanted
    for key, (_, is_marker) in wanted.items():
        with remote.read_object(key) as stream:
            assert stream.read() == (b"" if is_marker else key.removeprefix("backups/").encode())
    remote.close()


def test_a_listing_starts_on_the_server(azurite: Azurite, container: str, tmp_path: Path):
    for number in range(120):
        path = tmp_path / f"d/exportTime={number // 3:04}/part-{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    keys = azurite.put_tree(container, tmp_path)
    with fault_proxy(azurite.account_url.rpartition("/")[0]) as proxy:
        adapter = opened(
            azurite,
            container,
            account_url=f"{proxy.address}/{azurite.account_name}",
            account_key=ACCOUNT_KEY,
            page_size=7,
        )
        start_at = "d/exportTime=0036/"
        assert [info.key for info in adapter.list_objects("d/", start_at=start_at)] == keys[108:]
        assert len(proxy.requests) == 2
        assert [info.key for info in adapter.list_objects("d/")] == keys
        assert {request.method for request in proxy.requests} == {"GET"}
        assert adapter.remarks == []
        adapter.close()


def ways(azurite: Azurite, container: str) -> dict[str, dict[str, str]]:
    url = azurite.account_url
    sas = azurite.container_sas(container)
    policy = AccessPolicy(ContainerSasPermissions.from_string("rl"), datetime.now(UTC) + timedelta(hours=1))
    azurite.service.get_container_client(container).set_container_access_policy({"audit": policy})
    return {
        "account key": {"account_key": ACCOUNT_KEY},
        "container SAS": {"sas_token": sas},
        "container SAS with a question mark": {"sas_token": f"?{sas}"},
        "SAS in the address": {"account_url": f"{url}?{sas}"},
        "account SAS": {"sas_token": azurite.account_sas()},
        "SAS by a stored policy": {"sas_token": azurite.container_sas(container, policy="audit")},
        "connection string": {"account_url": "", "connection_string": azurite.connection_string},
        "connection string with a SAS": {
            "account_url": "",
            "connection_string": f"BlobEndpoint={url};SharedAccessSignature={sas}",
        },
    }


WAYS = (
    "account key",
    "container SAS",
    "container SAS with a question mark",
    "SAS in the address",
    "account SAS",
    "SAS by a stored policy",
    "connection string",
    "connection string with a SAS",
)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_log_in_lists_and_reads(azurite: Azurite, container: str, way: str):
    azurite.put(container, "p/a b+ü", b"12345")
    adapter = opened(azurite, container, **ways(azurite, container)[way])
    (listed,) = adapter.list_objects("p/")
    assert adapter.describe_object(listed.key) == listed
    with adapter.read_object(listed.key, 1, 3, version=listed.version) as stream:
        assert stream.read() == b"234"
    adapter.close()


@pytest.mark.parametrize("permissions, can_list, can_read", [("r", False, True), ("l", True, False)])
@pytest.mark.parametrize("kind", ["container", "account"])
def test_a_right_that_lacks_is_named(
    azurite: Azurite, container: str, permissions: str, can_list: bool, can_read: bool, kind: str
):
    azurite.put(container, "p/x", b"12345")
    made = azurite.account_sas(permissions) if kind == "account" else azurite.container_sas(container, permissions)
    adapter = opened(azurite, container, sas_token=made)
    for ask, allowed, letter in zip(asks(adapter), (can_list,) * 2 + (can_read,) * 2, "llrr", strict=True):
        if allowed:
            ask()
            continue
        with pytest.raises(AccessDenied, match=rf"blobs/read \(SAS: `{letter}`\) is missing"):
            ask()
    adapter.close()


def test_an_account_sas_for_other_resources_is_named(azurite: Azurite, container: str):
    adapter = opened(azurite, container, sas_token=azurite.account_sas(types="o"))
    with pytest.raises(AccessDenied, match="srt=co"):
        list(adapter.list_objects(""))


@pytest.mark.parametrize("kind", ["container", "account"])
def test_a_sas_that_has_ended_is_no_lack_of_rights(azurite: Azurite, container: str, kind: str):
    ended = datetime.now(UTC) - timedelta(minutes=1)
    sas = azurite.account_sas(expiry=ended) if kind == "account" else azurite.container_sas(container, expiry=ended)
    for ask in asks(opened(azurite, container, sas_token=sas)):
        with pytest.raises(CredentialExpired, match="the SAS ended at 2"):
            ask()


@pytest.mark.parametrize("wrong", ["key", "signature"])
def test_wrong_credentials_are_not_a_lack_of_rights(azurite: Azurite, container: str, wrong: str):
    sas = azurite.container_sas(container).replace("sig=", "sig=AAAA")
    options = {"account_key": "bm9ib2R5LWtub3dz"} if wrong == "key" else {"sas_token": sas}
    for ask in asks(opened(azurite, container, **options)):
        with pytest.raises(CredentialExpired, match="not accepted"):
            ask()


def test_a_missing_container_and_a_missing_blob_are_told_apart(azurite: Azurite, container: str):
    with pytest.raises(NotFound, match="the container is not there"):
        list(opened(azurite, f"{container}-no", account_key=ACCOUNT_KEY).list_objects("", start_at="p/t=1/"))
    there = opened(azurite, container, account_key=ACCOUNT_KEY)
    for ask in asks(there)[2:]:
        with pytest.raises(NotFound, match="not there"):
            ask()


@pytest.mark.parametrize("megabytes", [1, 40])
def test_what_is_stored_compressed_is_read_as_it_is_stored(azurite: Azurite, container: str, megabytes: int):
    """Azure/azure-sdk-for-python#23714, #34350: small blobs came unpacked, those over 32 MB failed."""
    line = b'{"a": 1}\n' * 1000
    packed = gzip.compress(line, 1, mtime=0) * (megabytes * 2**20 // len(gzip.compress(line, 1, mtime=0)) + 1)
    settings = ContentSettings(content_encoding="gzip", content_type="application/json")
    azurite.put(container, "part.json.gz", packed, content_settings=settings)
    adapter = opened(azurite, container, account_key=ACCOUNT_KEY)
    (listed,) = adapter.list_objects("")
    digest, count = hashlib.sha256(), 0
    with adapter.read_object("part.json.gz", version=listed.version) as stream:
        while data := stream.read(2**20):
            digest.update(data)
            count += len(data)
    assert (count, digest.digest()) == (listed.size, hashlib.sha256(packed).digest())
    assert adapter.describe_object("part.json.gz").size == len(packed) == listed.size
    adapter.close()


def test_an_archived_blob_is_seen_in_the_listing_and_refused_once_read(azurite: Azurite, container: str):
    azurite.put(container, "p/x", b"12345")
    azurite.archive(container, "p/x")
    adapter = opened(azurite, container, account_key=ACCOUNT_KEY)
    (listed,) = adapter.list_objects("")
    assert listed.archived
    assert adapter.describe_object("p/x").archived
    with pytest.raises(Archived):
        adapter.read_object("p/x", version=listed.version)


def test_a_directory_stub_of_hadoop_is_no_file(azurite: Azurite, container: str):
    azurite.put(container, "p/d", b"", metadata={"hdi_isfolder": "true"})
    azurite.put(container, "p/d/x", b"1")
    adapter = opened(azurite, container, account_key=ACCOUNT_KEY)
    assert [(info.key, info.is_marker) for info in adapter.list_objects("p/")] == [("p/d/", True), ("p/d/x", False)]
    assert len(list(adapter.list_folder("p/"))) == 1
    assert adapter.describe_object("p/d/").is_marker
    with adapter.read_object("p/d/") as stream:
        assert stream.read() == b""
    with pytest.raises(NotFound, match="a directory"):
        adapter.describe_object("p/d")


def test_a_netrc_file_does_not_replace_our_login(azurite: Azurite, container: str, tmp_path: Path, monkeypatch):
    """The transport of the SDK (requests) would send what it finds there instead of the signature."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    adapter = opened(azurite, container, account_key=ACCOUNT_KEY)
    assert list(adapter.list_objects("")) == []
    adapter.close()


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(azurite: Azurite, container: str, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for way in ({"account_key": ACCOUNT_KEY}, {"account_url": "", "connection_string": azurite.connection_string}):
        adapter = opened(azurite, container, **way)
        assert list(adapter.list_objects("")) == []
        adapter.close()


def test_threads_share_an_adapter_and_its_pooled_connections(azurite: Azurite, container: str):
    data = {f"p/{n}": bytes([n]) * 300_000 for n in range(12)}
    for key, content in data.items():
        azurite.put(container, key, content)
    adapter = opened(azurite, container, account_key=ACCOUNT_KEY, concurrency=4)

    def read(key: str) -> bool:
        with adapter.read_object(key) as stream:
            return stream.read() == data[key]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, list(data) * 3))
    adapter.close()


# --- a service principal ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def encrypted(certificate: Certificate) -> Iterator[Azurite]:
    """A server that takes bearer tokens, which go over https only."""
    with running_azurite(certificate=certificate.file, key=certificate.key) as server:
        yield server


@pytest.fixture
def entra(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEntra]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.file))
    with fake_entra(certificate) as server:
        yield server


def test_a_service_principal_lists_and_reads(encrypted: Azurite, entra: FakeEntra):
    container = encrypted.make_container()
    encrypted.put(container, "p/x", b"12345")
    adapter = opened(encrypted, container, **entra.options)
    for _ in range(3):
        (listed,) = adapter.list_objects("p/")
        with adapter.read_object("p/x", version=listed.version) as stream:
            assert stream.read() == b"12345"
    assert adapter.excess_rights() is None
    (login,) = entra.asked  # one token for all
    assert (login["client_id"], login["scope"]) == (CLIENT, "https://storage.azure.com/.default")
    adapter.close()


def test_the_environment_brings_a_service_principal_too(
    encrypted: Azurite, entra: FakeEntra, monkeypatch: pytest.MonkeyPatch
):
    """azure-identity's own chain, with nothing in the configuration."""
    for name, value in entra.options.items():
        monkeypatch.setenv(f"AZURE_{name.upper()}", value)
    container = encrypted.make_container()
    adapter = opened(encrypted, container, authority_host=entra.authority_host)
    assert list(adapter.list_objects("")) == []
    assert entra.asked[0]["client_id"] == CLIENT
    adapter.close()


@pytest.mark.parametrize("client_id", [None, CLIENT])
def test_a_managed_identity_lists_and_reads(encrypted: Azurite, entra: FakeEntra, client_id: str | None, monkeypatch):
    """Nothing in the configuration, or `client_id` alone: the machine's identity, here as App Service gives it."""
    given = {
        "token_type": "Bearer",
        "resource": "https://storage.azure.com",
        "expires_on": str(int(time.time()) + 3600),
    }
    with fake_s3(lambda _: Answer(200, json.dumps({**given, "access_token": token(3600)}).encode())) as endpoint:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{endpoint.endpoint_url}/token")
        monkeypatch.setenv("IDENTITY_HEADER", "header")
        container = encrypted.make_container()
        encrypted.put(container, "p/x", b"12345")
        adapter = opened(encrypted, container, client_id=client_id)
        for ask in asks(adapter):
            ask()
        adapter.close()
    assert [request.query.get("client_id") for request in endpoint.requests] == [client_id]
    assert entra.asked == []


REFUSALS = [
    ((401, "AADSTS7000222"), CredentialExpired, "the client secret has expired"),
    ((401, "AADSTS7000215"), CredentialExpired, "the client secret is wrong"),
    ((400, "AADSTS90002"), CredentialExpired, "no such tenant_id"),
    ((503, "AADSTS90033"), Unreachable, "no token: the server failed"),
]


@pytest.mark.parametrize("refusal, kind, said", REFUSALS, ids=[case[0][1] for case in REFUSALS])
def test_a_refused_login_says_why(
    encrypted: Azurite, entra: FakeEntra, refusal: tuple[int, str], kind: type[DestinationError], said: str, capsys
):
    entra.refusal = refusal
    adapter = opened(encrypted, "exports", **entra.options)
    with pytest.raises(kind, match=said) as caught:
        list(adapter.list_objects(""))
    assert SECRET not in str(caught.value)
    assert capsys.readouterr() == ("", "")
    assert len(entra.asked) == 1
    adapter.close()


def test_a_token_that_has_ended_is_no_lack_of_rights(encrypted: Azurite, entra: FakeEntra):
    entra.valid_s = -60
    adapter = opened(encrypted, encrypted.make_container(), **entra.options)
    with pytest.raises(CredentialExpired, match="have expired"):
        list(adapter.list_objects(""))
    adapter.close()


def test_an_identity_service_out_of_reach_is_no_refusal(encrypted: Azurite, entra: FakeEntra):
    adapter = opened(encrypted, "exports", **(entra.options | {"authority_host": "https://127.0.0.1:1"}))
    with pytest.raises(Unreachable, match="no token: no connection"):
        list(adapter.list_objects(""))
    adapter.close()


# --- no secret in any text ---------------------------------------------------------------------------


def failures(azurite: Azurite, encrypted: Azurite, container: str) -> Iterator[tuple[str, Adapter, type[Exception]]]:
    """Ways to fail with a SAS in hand (Azure/azure-sdk-for-java#10887, Azure/azure-storage-azcopy#403)."""
    sas = azurite.container_sas(container).replace("sig=", "sig=AAAA")
    url, port = azurite.account_url, azurite.account_url.split(":")[2].partition("/")[0]
    yield "refused signature", opened(azurite, container, sas_token=sas), CredentialExpired
    yield "a space in the container's name", opened(azurite, "ex ports", sas_token=sas), DestinationError
    yield "odd container", opened(azurite, "ex\x1b[2J?#ports", sas_token=sas), DestinationError
    yield "refused certificate", opened(encrypted, container, sas_token=sas), NotTrusted
    yield (
        "no TLS at all",
        opened(azurite, container, account_url=f"https://127.0.0.1:{port}", sas_token=sas),
        Unreachable,
    )
    yield "nobody listens", opened(azurite, container, account_url="http://127.0.0.1:1/x", sas_token=sas), Unreachable
    yield "no such host", opened(azurite, container, account_url="http://h.invalid/x", sas_token=sas), Unreachable
    yield "line in the SAS", opened(azurite, container, sas_token=sas.replace("&", "&\r\n")), DestinationError
    yield "SAS in the address", opened(azurite, container, account_url=f"{url}?{sas}"), CredentialExpired
    by_string = f"BlobEndpoint={url};SharedAccessSignature={sas}"
    yield "in a string", opened(azurite, container, account_url="", connection_string=by_string), CredentialExpired
    broken = f"BlobEndpoint={url};SharedAccessSignature={sas};broken"
    yield "broken string", opened(azurite, container, account_url="", connection_string=broken), DestinationError


def test_no_signature_in_any_text(azurite: Azurite, encrypted: Azurite, container: str, caplog, capsys):
    azurite.put(container, "p/x", b"12345")
    caplog.set_level(logging.DEBUG)
    with ExitStack() as stack:
        seen = 0
        for told, adapter, kind in failures(azurite, encrypted, container):
            stack.callback(adapter.close)
            for ask in asks(adapter):
                with pytest.raises(kind) as caught:
                    ask()
                assert isinstance(caught.value, DestinationError), told
                shown = "".join(traceback.format_exception(caught.value))
                for text in (str(caught.value), repr(caught.value), shown, repr(adapter), *adapter.remarks):
                    assert "AAAA" not in text, told
                seen += 1
    assert seen == 11 * 4
    assert "AAAA" not in caplog.text
    assert "AAAA" not in "".join(capsys.readouterr())
