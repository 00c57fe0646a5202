"""What Experience Platform says about the Data Landing Zone that exports go to: how to log in, how long files stay.

Never about the other one: `user_drop_zone` is the *source* container. The action that resets the credentials
(`action=refresh`) is not known here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from adapters.base import DestinationError, Unsupported
from adapters.experience_platform.client import Answer, ExperiencePlatform
from adapters.http_answers import is_loopback

__all__ = [
    "AmazonLandingZone",
    "AzureLandingZone",
    "parse_sas_uri",
    "read_landing_zone",
    "read_landing_zone_lifetime",
]

ABOUT: Final = "/data/foundation/connectors/landingzone"
CREDENTIALS: Final = f"{ABOUT}/credentials"
OF_EXPORTS: Final = {"type": "dlz_destination"}
SOURCE_CONTAINER: Final = "dlz-user-container"


@dataclass(frozen=True, slots=True)
class AzureLandingZone:
    """The zone in Azure. When its SAS ends cannot be told: it refers to a stored policy and has no `se=`."""

    account_url: str
    container: str
    sas_token: str = field(repr=False)  # without a leading "?"


@dataclass(frozen=True, slots=True)
class AmazonLandingZone:
    """The zone in Amazon S3: a folder of a bucket, with session keys."""

    bucket: str
    folder: str  # without slashes around it; "" for the whole bucket
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    left_s: float | None = None  # seconds until then when it was answered, by the server's own clock


def read_landing_zone(platform: ExperiencePlatform) -> AzureLandingZone | AmazonLandingZone:
    """Where the zone is and how to log in there now. Raises: DestinationError."""
    answer = platform.ask(CREDENTIALS, OF_EXPORTS)
    told = answer.body
    try:
        if isinstance(told, Mapping) and "credentials" in told:
            return _amazon(told, answer)
        if isinstance(told, Mapping) and ("SASToken" in told or "SASUri" in told):
            return _azure(told)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # The words of a KeyError are the name of the field; of a ValueError, ours. No value is quoted.
        raise _unsupported(platform, answer, f"the landing zone's credentials cannot be used: {error}") from None
    raise _unsupported(platform, answer, "the landing zone's credentials are neither Azure's nor Amazon's")


def read_landing_zone_lifetime(platform: ExperiencePlatform) -> timedelta | None:
    """How long a file stays in the zone; None where the answer does not say. Raises: DestinationError."""
    told = platform.ask(ABOUT, OF_EXPORTS).body
    if not isinstance(told, Mapping):
        return None
    if isinstance(ttl := told.get("dataTTL"), Mapping):
        unit = str(ttl.get("timeUnit", "")).lower().rstrip("s")
        return _span(ttl.get("timeQuantity"), {"day": 86400, "hour": 3600, "minute": 60, "second": 1}.get(unit))
    return _span(told.get("containerTTL"), 86400)


def parse_sas_uri(uri: str) -> AzureLandingZone:
    """A zone by its SAS URI: `https://<account>.blob.core.windows.net/<container>?<SAS>`.

    Raises: ValueError, which never quotes it.
    """
    uri = uri.strip()
    try:
        parts = urlsplit(uri)
        is_here = is_loopback(uri)
    except ValueError:
        raise ValueError("the SAS URI is no address") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise ValueError("the SAS URI must begin with https://")
    names = [name for name in parts.path.split("/") if name]
    # An emulator's address has the account in its path.
    if not parts.hostname or parts.username or len(names) != (2 if is_here else 1):
        raise ValueError("the SAS URI must be https://<account>.blob.core.windows.net/<container>?<SAS>")
    if "sig" not in parse_qs(parts.query):
        raise ValueError("the SAS URI has no signature (sig=)")
    url = "/".join([f"{parts.scheme}://{parts.netloc}", *names[:-1]])
    return _exports_only(AzureLandingZone(url, names[-1], parts.query))


def _azure(told: Mapping[str, Any]) -> AzureLandingZone:
    if uri := told.get("SASUri"):  # names the host, which differs between clouds
        zone = parse_sas_uri(uri)
        if told.get("containerName", zone.container) != zone.container:
            raise ValueError("containerName and SASUri name different containers")
        return zone
    account, container, sas = told["storageAccountName"], told["containerName"], told["SASToken"]
    if not account.isalnum() or not isinstance(container, str) or not container:
        raise ValueError("storageAccountName or containerName is no name")
    return _exports_only(AzureLandingZone(f"https://{account}.blob.core.windows.net", container, sas.lstrip("?")))


def _exports_only(zone: AzureLandingZone) -> AzureLandingZone:
    if zone.container == SOURCE_CONTAINER:
        raise ValueError(f"{SOURCE_CONTAINER} is the landing zone of sources, not the one of exports")
    return zone


def _amazon(told: Mapping[str, Any], answer: Answer) -> AmazonLandingZone:
    keys, path = told["credentials"], told["dlzPath"]
    now = answer.date or datetime.now(UTC)
    expires_at = _moment(told.get("expiryTime"))
    return AmazonLandingZone(
        bucket=_text(path["bucketName"], "bucketName"),
        folder=str(path.get("dlzFolder") or "").strip("/"),
        access_key_id=_text(keys["awsAccessKeyId"], "awsAccessKeyId"),
        secret_access_key=_text(keys["awsSecretAccessKey"], "awsSecretAccessKey"),
        session_token=keys.get("awsSessionToken") or None,
        expires_at=expires_at,
        left_s=(expires_at - now).total_seconds() if expires_at else None,
    )


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is empty")
    return value


def _moment(seconds: Any) -> datetime | None:
    """UNIX seconds, perhaps as text; None for anything else."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _span(count: Any, unit_s: int | None) -> timedelta | None:
    try:
        number = float(count)
        return timedelta(seconds=number * unit_s) if unit_s and math.isfinite(number) and number > 0 else None
    except (TypeError, ValueError, OverflowError):
        return None


def _unsupported(platform: ExperiencePlatform, answer: Answer, reason: str) -> DestinationError:
    return Unsupported(
        reason, destination=platform.destination, operation="GET", key=CREDENTIALS, request_id=answer.request_id
    )
