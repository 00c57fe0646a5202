"""What Experience Platform says about a landing zone, in both shapes, and what cannot be."""

import json
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.base import (
    AccessDenied,
    CredentialExpired,
    DestinationError,
    NotFound,
    Throttled,
    Unreachable,
    Unsupported,
)
from adapters.experience_platform.landing_zone import (
    AmazonLandingZone,
    AzureLandingZone,
    parse_sas_uri,
    read_landing_zone,
    read_landing_zone_lifetime,
)
from adapters.landing_zone import LandingZoneAdapter
from adapters.registry import open_destination, opener
from auditor.settings import ConfigError, load_config
from auditor.worlds.platform import PlatformServer, Reply
from tests.adapters.experience_platform.making import asking
from tests.adapters.landing_zones import CREDENTIALS, Zones

PATH = "/data/foundation/connectors/landingzone"
SAS = "sv=2020-04-08&si=dlz-b1f4060b&sr=c&sp=racwdlm&sig=s3cr3t%3D"
AZURE = {  # as documented; the token has no end of its own
    "containerName": "dlz-destination",
    "SASToken": SAS,
    "storageAccountName": "dlblobstore99hh25i3dflek",
    "SASUri": f"https://dlblobstore99hh25i3dflek.blob.core.windows.net/dlz-destination?{SAS}",
}
AMAZON: dict[str, Any] = {
    "credentials": {"awsAccessKeyId": "AKIA1", "awsSecretAccessKey": "s3cr3t", "awsSessionToken": "s3cr3t-token"},
    "dlzPath": {"bucketName": "aep-dlz", "dlzFolder": "dlz-adf-connectors"},
    "dlzProvider": "Amazon S3",
    "expiryTime": 1735689599,
}


FLOWS = """
flows:
  f:
    destination: lake
    format: parquet
    compression: gzip
    schedule: {every: 6h, start: 2026-10-01T00:00:00Z}
    datasets: [60520e4ca0e6a51948b6d5d4]
"""
PLATFORM = {"name": "prod", "org_id": "o", "client_id": "c", "client_secret": "s3cr3t"}


@pytest.fixture
def server() -> Iterator[PlatformServer]:
    with PlatformServer() as running:
        yield running


def answered(server: PlatformServer, body: Any, **headers: str) -> AzureLandingZone | AmazonLandingZone:
    server.route("GET", f"{PATH}/credentials", lambda _: Reply(200, json.dumps(body).encode(), headers))
    with asking(server) as platform:
        return read_landing_zone(platform)


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


@pytest.mark.parametrize("body", [AZURE, without(AZURE, "SASUri"), without(AZURE, "SASToken"), {**AZURE, "new": 1}])
def test_the_azure_answer_is_understood(server: PlatformServer, body):
    zone = AzureLandingZone("https://dlblobstore99hh25i3dflek.blob.core.windows.net", "dlz-destination", SAS)
    assert answered(server, body) == zone
    assert [call.query for call in server.asked(CREDENTIALS)] == [(("type", "dlz_destination"),)]


def test_the_amazon_answer_is_understood(server: PlatformServer):
    zone = answered(server, AMAZON, Date="Tue, 31 Dec 2024 22:59:59 GMT")
    assert zone == AmazonLandingZone(
        "aep-dlz",
        "dlz-adf-connectors",
        "AKIA1",
        "s3cr3t",
        "s3cr3t-token",
        datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC),
        3600.0,  # by the server's own clock
    )
    zone = answered(server, without({**AMAZON, "dlzPath": {"bucketName": "b", "dlzFolder": "/a/b/"}}, "expiryTime"))
    assert isinstance(zone, AmazonLandingZone)
    assert (zone.folder, zone.expires_at, zone.left_s) == ("a/b", None, None)


WRONG: list[Any] = [
    {},
    [],
    None,
    "text",
    {"credentials": None, "dlzPath": {}},
    {"credentials": {}, "dlzPath": {"bucketName": "b"}},
    {**AMAZON, "dlzPath": {"bucketName": ""}},
    {**AMAZON, "dlzPath": None},
    {**AZURE, "SASUri": "no address"},
    {**AZURE, "SASUri": 5},
    {**AZURE, "SASUri": AZURE["SASUri"].replace("https", "http")},
    {**AZURE, "SASUri": "https://a.blob.core.windows.net/dlz-destination?sv=1"},
    {**AZURE, "containerName": "another"},
    {**without(AZURE, "SASUri"), "storageAccountName": "evil.example/x?"},
    {**without(AZURE, "SASUri"), "containerName": None},
    without(AZURE, "SASUri", "containerName"),
]


@pytest.mark.parametrize("body", WRONG, ids=range(len(WRONG)))
def test_an_answer_that_cannot_be_is_told_without_its_secrets(server: PlatformServer, body):
    with pytest.raises(Unsupported, match="landing zone's credentials") as caught:
        answered(server, body)
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.request_id.startswith("request-")


def test_the_zone_of_sources_is_never_taken_for_that_of_exports(server: PlatformServer):
    source = {**AZURE, "containerName": "dlz-user-container"}
    uri = AZURE["SASUri"].replace("dlz-destination", "dlz-user-container")
    for body in ({**source, "SASUri": uri}, without(source, "SASUri")):
        with pytest.raises(Unsupported, match="landing zone of sources"):
            answered(server, body)


LIFETIMES = [
    ({"containerName": "dlz-destination", "containerTTL": "7"}, timedelta(days=7)),
    ({"containerTTL": 7}, timedelta(days=7)),
    (
        {"dlzPath": {}, "dataTTL": {"timeUnit": "days", "timeQuantity": 7}, "dlzProvider": "Amazon S3"},
        timedelta(days=7),
    ),
    ({"dataTTL": {"timeUnit": "HOURS", "timeQuantity": "36"}}, timedelta(hours=36)),
    ({"dataTTL": {"timeUnit": "moons", "timeQuantity": 7}}, None),
    ({"dataTTL": {}}, None),
    ({"containerTTL": "soon"}, None),
    ({"containerTTL": -1}, None),
    ({"containerTTL": 10**30}, None),
    ({}, None),
    ([], None),
]


@pytest.mark.parametrize("body, lifetime", LIFETIMES, ids=range(len(LIFETIMES)))
def test_how_long_files_stay_is_read(server: PlatformServer, body, lifetime):
    server.route("GET", PATH, lambda _: Reply(200, body))
    with asking(server) as platform:
        assert read_landing_zone_lifetime(platform) == lifetime
    assert server.asked(PATH)[0].first("type") == "dlz_destination"
    adapter = Zones(server).open()
    assert adapter.read_lifetime() == lifetime
    adapter.close()


@pytest.mark.parametrize(
    "uri, account_url, container",
    [
        (AZURE["SASUri"], "https://dlblobstore99hh25i3dflek.blob.core.windows.net", "dlz-destination"),
        (f"  {AZURE['SASUri']}\n", "https://dlblobstore99hh25i3dflek.blob.core.windows.net", "dlz-destination"),
        (f"https://a.blob.core.chinacloudapi.cn/c/?{SAS}", "https://a.blob.core.chinacloudapi.cn", "c"),
        (f"http://127.0.0.1:10000/devstoreaccount1/c?{SAS}", "http://127.0.0.1:10000/devstoreaccount1", "c"),
    ],
)
def test_a_sas_uri_is_taken_apart(uri: str, account_url: str, container: str):
    assert parse_sas_uri(uri) == AzureLandingZone(account_url, container, SAS)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "s3cr3t",
        f"http://a.blob.core.windows.net/c?{SAS}",
        f"https://a.blob.core.windows.net/?{SAS}",
        f"https://a.blob.core.windows.net/c/folder?{SAS}",
        f"https://user:s3cr3t@a.blob.core.windows.net/c?{SAS}",
        f"https://a.blob.core.windows.net/dlz-user-container?{SAS}",
        f"http://127.0.0.1:10000/c?{SAS}",
        "https://a.blob.core.windows.net/c?sp=s3cr3t",
        f"http://[s3cr3t/c?{SAS}",
    ],
)
def test_what_is_no_sas_uri_is_refused_without_repeating_it(uri: str):
    with pytest.raises(ValueError, match="destination 'lake'") as caught:
        LandingZoneAdapter("lake", sas_uri=uri)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sas_uri": AZURE["SASUri"], "experience_platform": {"name": "prod"}},
        {"experience_platform": {"name": "prod", "org_id": "o"}},
        {"experience_platform": {**PLATFORM, "colour": 1}},
        {"experience_platform": {**PLATFORM, "base_url": "x"}},
        {"sas_uri": AZURE["SASUri"], "concurrency": 0},
        {"sas_uri": AZURE["SASUri"], "page_size": 0},
        {"sas_uri": AZURE["SASUri"], "timeout": 0},
    ],
    ids=range(8),
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(ValueError, match="destination 'lake'") as caught:
        open_destination("lake", "data-landing-zone", options)
    assert "s3cr3t" not in str(caught.value)


def test_nothing_shows_a_secret_and_nothing_is_asked_before_the_first_call(server: PlatformServer):
    for options in ({"experience_platform": Zones(server).options}, {"sas_uri": AZURE["SASUri"]}):
        opened = opener("lake", "data-landing-zone", options)
        again = pickle.loads(pickle.dumps(opened))
        adapter = again()
        assert adapter.traits.appears_whole
        assert adapter.remarks == []
        for text in (repr(opened), repr(adapter), repr(vars(adapter.inner))):
            assert "s3cr3t" not in text
            assert server.gate.client_secret not in text
        adapter.close()
    assert server.calls == []


def test_a_silent_experience_platform_is_given_up_within_the_destinations_timeout(server: PlatformServer):
    server.fail("token", Reply(200, {}, stall_s=2))
    adapter = Zones(server).open(timeout=0.3)
    with pytest.raises(Unreachable, match="no answer in time"):
        adapter.describe_object("x")
    adapter.close()


FAILURES = [  # what Experience Platform does, which error, what it says, is it tried again
    (
        Reply(403, {"error_code": "403025", "message": "Profile is not valid"}),
        AccessDenied,
        "Profile is not valid",
        False,
    ),
    (Reply(404, {"title": "Not Found", "detail": "Sandbox x"}), NotFound, "Not Found. Sandbox x", False),
    (
        Reply(401, {"error_code": "401013", "message": "Oauth token is not valid"}),
        CredentialExpired,
        "not valid",
        False,
    ),
    (Reply(429, headers={"Retry-After": "7"}), Throttled, "slow down", True),
    (Reply(500), Unreachable, "the server failed", True),
    (Reply(200, b"<html>"), Unsupported, "no JSON", False),
]


@pytest.mark.parametrize("reply, kind, said, retryable", FAILURES, ids=[case[2] for case in FAILURES])
def test_a_failure_of_experience_platform_is_one_of_the_destination(
    server: PlatformServer, reply, kind: type[DestinationError], said: str, retryable: bool
):
    server.fail(CREDENTIALS, reply, times=99)
    adapter = Zones(server).open()
    listing = adapter.list_objects("")  # one that can be asked again after it failed
    for ask in (lambda: next(listing), lambda: next(listing), lambda: adapter.read_object("x")):
        asked = len(server.asked(CREDENTIALS))
        with pytest.raises(kind) as caught:
            ask()
        assert len(server.asked(CREDENTIALS)) - asked == (2 if kind is CredentialExpired else 1), (
            "tried again by the wrapper only"
        )
        assert str(caught.value).startswith(
            "lake: log in: the credentials of the Data Landing Zone cannot be had from Exp"
        )
        assert said in str(caught.value)
        assert caught.value.retryable is retryable
        assert caught.value.request_id
        assert caught.value.retry_after_s == (7.0 if kind is Throttled else None)
    adapter.close()


@pytest.mark.parametrize(
    "uri, is_good",
    [
        (AZURE["SASUri"], True),
        (f"http://127.0.0.1:10000/devstoreaccount1/c?{SAS}", True),
        (f"https://a.blob.core.windows.net/c/folder?{SAS}", False),
        (f"https://a.blob.core.windows.net/?{SAS}", False),
        (f"http://127.0.0.1:10000/c?{SAS}", False),
        (f"https://user:s3cr3t@a.blob.core.windows.net/c?{SAS}", False),
        (f"https://a.blob.core.windows.net/dlz-user-container?{SAS}", False),
        ("https://a.blob.core.windows.net/c?sv=1", False),
        (f"http://a.blob.core.windows.net/c?{SAS}", False),
    ],
    ids=range(9),
)
def test_what_the_configuration_lets_pass_can_be_opened(uri: str, is_good: bool, tmp_path: Path):
    config = tmp_path / "auditor.yaml"
    config.write_text("destinations:\n  lake: {type: data-landing-zone, sas_uri: '${URI}'}\n" + FLOWS)
    if not is_good:
        with pytest.raises(ConfigError) as caught:
            load_config(config, {"URI": uri})
        assert "s3cr3t" not in str(caught.value)
        return
    options = load_config(config, {"URI": uri}).destinations["lake"].options
    open_destination("lake", "data-landing-zone", options).close()
