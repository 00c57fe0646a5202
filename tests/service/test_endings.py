"""What is read of destinations for the calendar: signatures and landing zones, and never a secret told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.base import AccessDenied
from auditor.model import DestinationFacts
from auditor.reconcile.endings import Credential
from auditor.service.endings import make_calendar, read_ends
from auditor.service.landing_zone import AskedZone
from auditor.settings import Config, Destination
from auditor.settings.alerts import Alerts, Channel
from auditor.settings.expiry import Expiry
from auditor.worlds.platform import AmazonZone, AzureZone, PlatformServer, serve_landing_zone

NOW = datetime(2026, 10, 15, 9, 30, tzinfo=UTC)
WEEK = timedelta(days=7)
SAS = "sv=2024-11-04&se=2026-12-31T00:00:00Z&sp=rl&sig=hunter2hunter2"


def place(kind: str, retain: timedelta | None = None, **options: object) -> Destination:
    return Destination(DestinationFacts("lake", retain=retain), kind, options)


def zone(lifetime: timedelta | None = None, expiry: datetime | None = None):
    return lambda _: SimpleNamespace(read_lifetime=lambda: lifetime, read_expiry=lambda: expiry)


def refuse(_: Destination):
    def refused() -> None:
        raise AccessDenied("no permission", destination="lake", operation="GET", key="landingzone")

    return SimpleNamespace(read_lifetime=refused, read_expiry=refused)


DLZ = place("data-landing-zone", WEEK, experience_platform={"name": "prod"})


@pytest.mark.parametrize(
    "key, text",
    [
        ("sas_token", SAS),
        ("sas_uri", f"https://acme.blob.core.windows.net/dlz-destination?{SAS}"),
        ("connection_string", f"BlobEndpoint=https://acme.blob.core.windows.net;SharedAccessSignature={SAS}"),
    ],
)
def test_a_signature_says_its_end_and_nothing_else_of_it_is_kept(key, text):
    ends = read_ends([place("azure-blob", **{key: text})], open_zone=None)
    (one,) = ends.credentials
    assert (one.when, one.subject, one.renewed) == (datetime(2026, 12, 31, tzinfo=UTC), f"{key} of lake", False)
    assert "hunter2" not in repr(ends)


def test_a_signature_by_a_stored_policy_cannot_be_told():
    ends = read_ends([place("azure-blob", sas_token="si=policy&sig=hunter2hunter2")], open_zone=None)
    assert ends.credentials == []
    assert [(one.subject, "stored policy" in one.why) for one in ends.untold] == [("sas_token of lake", True)]
    assert "hunter2" not in repr(ends)


def test_what_is_written_beside_a_secret_is_an_end():
    day = Expiry(NOW + WEEK, "secret of destination lake", day_only=True, destination="lake")
    lake = replace(place("sftp", password="hunter2hunter2"), expiry=day)
    ends = read_ends([lake], open_zone=None)
    told = Credential(NOW + WEEK, day.subject, "`expires` in the configuration", "lake", day_only=True)
    assert ends.credentials == [told]
    hook = Channel("hook", "webhook", {}, expiry=Expiry(NOW, "secret of channel hook"))
    config = Config(Path("/c"), "", "sqlite://", {"lake": lake}, {}, alerts=Alerts({"hook": hook}))
    made = make_calendar(config, ends, flows=(), versions={}, read_at={}, runs=())
    assert [one.subject for one in made.credentials] == ["secret of destination lake", "secret of channel hook"]


def test_keys_and_passwords_have_no_end():
    ends = read_ends([place("s3", secret_access_key="s"), place("sftp", password="p")], open_zone=None)
    assert (ends.credentials, ends.untold, ends.retentions) == ([], [], {})


def test_a_configured_retention_holds_where_no_zone_is_asked():
    ends = read_ends([DLZ], open_zone=None)
    assert ends.retentions["lake"].span == WEEK
    assert "`retain` of lake" in ends.retentions["lake"].source


def test_what_a_landing_zone_says_comes_before_the_configuration():
    expiry = NOW + timedelta(hours=1)
    ends = read_ends([DLZ], open_zone=zone(timedelta(days=5), expiry))
    assert ends.retentions["lake"].span == timedelta(days=5)
    assert [(one.when, one.renewed) for one in ends.credentials] == [(expiry, True)]


def test_a_zone_that_says_neither_leaves_the_configuration_and_says_what_it_does_not_know():
    ends = read_ends([DLZ], open_zone=zone())
    assert ends.retentions["lake"].span == WEEK
    assert [one.subject for one in ends.untold] == ["credential of Data Landing Zone lake"]


def test_a_zone_that_cannot_be_asked_is_said_to_be():
    ends = read_ends([DLZ], open_zone=refuse)
    assert [one.subject for one in ends.unread] == ["Data Landing Zone lake"]
    assert ends.retentions["lake"].span == WEEK


@pytest.mark.parametrize("kind", ["azure", "amazon"])
def test_a_real_zone_is_asked_for_its_lifetime_and_the_end_of_its_credentials(kind):
    with PlatformServer() as platform:
        expiry = datetime(2030, 1, 1, tzinfo=UTC)
        serve_landing_zone(platform, made(kind, expiry))
        options = {
            "name": "prod",
            "org_id": platform.gate.org_id,
            "client_id": platform.gate.client_id,
            "client_secret": platform.gate.client_secret,
            "base_url": platform.base_url,
            "token_url": platform.token_url,
        }
        asked = AskedZone(place("data-landing-zone", WEEK, experience_platform=options))
        assert asked.read_lifetime() == WEEK
        assert asked.read_expiry() == (expiry if kind == "amazon" else None)
        assert {call.method for call in platform.asked("landingzone")} == {"GET"}


def made(kind: str, expiry: datetime):
    if kind == "azure":
        return lambda _: AzureZone("acme", "dlz-destination", "si=policy&sig=hunter2hunter2")
    return lambda _: AmazonZone("bucket", "folder", "key", "secret", "token", int(expiry.timestamp()))
