"""The keys of each type of destination, with what they mean."""

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr

from auditor.settings.fields import (
    ArrivalWord,
    Concurrency,
    Duration,
    PageSize,
    Patterns,
    PositiveDuration,
    Section,
    Text,
    YesNo,
    key,
    needed,
    one_value,
    plain_text,
)
from auditor.settings.models import Severities
from auditor.settings.problems import quoted

SECRET_KEYS = ("access_key_id", "secret_access_key", "session_token")
"""Keys whose value may be given as it is, as `${ENV_NAME}`, or by a file through the key with `_file` appended."""


def _folder(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError(one_value(given))
    plain_text(given)
    if given.startswith("/") or given.endswith("/"):
        raise ValueError(f"has slashes at its ends; write {quoted(given.strip('/'))}")
    if any(part in (".", "..") for part in given.split("/")):
        raise ValueError('"." and ".." are no folder names in an export; write the folder path itself')
    return given


def _bucket(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError(one_value(given))
    plain_text(given)
    name, _, folder = re.sub(r"^s3[an]?://", "", given).strip("/").partition("/")
    if given != name:
        rest = f", and folder: {folder}" if folder else ""
        raise ValueError(f"{quoted(given)} is no bucket name; write bucket: {name}{rest}")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{2,62}", given, re.ASCII):
        raise ValueError(f"{quoted(given)} is no bucket name (3 to 63 letters, digits, dots and hyphens)")
    return given


def _endpoint(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError(one_value(given))
    plain_text(given)
    try:
        parts = urlsplit(given)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no address; write it as https://host:port") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds credentials; write them as access_key_id and secret_access_key")
    if parts.query or parts.fragment:
        raise ValueError("holds a query; write the address alone, as https://host:port")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{quoted(given)} is no address; write it with its scheme, as https://host:port")
    return given


def _secret(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError(one_value(given))
    if not given.strip():
        raise ValueError("is empty; leave the key out, or give the secret")
    return SecretStr(given)


Secret = Annotated[SecretStr, BeforeValidator(_secret)]


class DestinationSection(Section):
    """What every destination may have."""

    type: Text = needed("What kind of place it is: `local` or `s3`.", example="s3")
    folder: Annotated[str, BeforeValidator(_folder)] = key(
        "The folder path typed in Experience Platform, without slashes at its ends; may be nested.",
        default="(empty)",
        example="backups/aep",
        given="",
    )
    retain: PositiveDuration | None = key(
        "The place removes exports older than this by itself; they are then `expired`, not missing.",
        default="kept for ever",
        example="90d",
    )
    arrival: ArrivalWord | None = key(
        "Which clock says when an export arrived here: `modified`, `export_time` or `run`.",
        default="modified",
        example="modified",
    )
    severity: Severities = key(
        "Severities of finding codes for everything here.",
        default="the catalogue's",
        example="{stray-object: warning}",
        given={},
    )
    ignore: Patterns = key(
        "Patterns of keys below the folder path that are not looked at; see [below](#names-that-are-not-looked-at).",
        default="none",
        example='["*.bak", archive/**]',
        given=[],
    )
    concurrency: Concurrency | None = key(
        "Most reads at a time, 1 to 256. No effect on a local folder.", default="10", example="8"
    )
    page_size: PageSize | None = key(
        "Objects asked for in one page of a listing. No effect on a local folder.", default="1000", example="1000"
    )
    timeout: Duration | None = key(
        "Longest wait for one answer, 1s to 1h. No effect on a local folder.", default="60s", example="60s"
    )


class LocalSection(DestinationSection):
    """A folder on this machine, or a mounted volume."""

    root: Text = needed(
        "The folder that stands for the bucket; relative to the configuration file. `~` is the home folder.",
        example="./exports",
    )


class S3Section(DestinationSection):
    """Amazon S3, or a server that speaks its protocol. Without keys or profile: the usual AWS chain."""

    bucket: Annotated[str, BeforeValidator(_bucket)] = needed("Name of the bucket.", example="acme-aep-exports")
    region: Text | None = key("Region of the bucket.", default="from the AWS chain", example="eu-central-1")
    endpoint_url: Annotated[str | None, BeforeValidator(_endpoint)] = key(
        "Address of another server that speaks S3.", default="Amazon's", example="https://s3.example.com:9000"
    )
    profile: Text | None = key("Named profile of the AWS configuration.", default="none", example="backup-audit")
    access_key_id: Secret | None = key("Access key id.", default="from the AWS chain", example="${AUDIT_KEY_ID}")
    access_key_id_file: Text | None = key("File that holds it.", default="none", example="/run/secrets/key-id")
    secret_access_key: Secret | None = key("Its secret.", default="from the AWS chain", example="${AUDIT_SECRET}")
    secret_access_key_file: Text | None = key("File that holds it.", default="none", example="/run/secrets/secret")
    session_token: Secret | None = key("Token of a temporary key.", default="none", example="${AUDIT_TOKEN}")
    session_token_file: Text | None = key("File that holds it.", default="none", example="/run/secrets/token")
    role_arn: Text | None = key(
        "Role to assume for reading.", default="none", example="arn:aws:iam::123456789012:role/export-audit"
    )
    external_id: Text | None = key("External id that the role asks for.", default="none", example="acme-1")
    requester_pays: YesNo | None = key("Accept that the reader pays for requests.", default="false", example="false")


DESTINATION_TYPES: dict[str, type[DestinationSection]] = {"local": LocalSection, "s3": S3Section}
