"""Answers of Google Cloud Storage's JSON API and of its token server, for the scripted server of fake_s3.py."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import google_crc32c
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.servers.fake_s3 import Answer, Request

REQUEST_ID = "REQ1"
CREATED = "2026-10-01T00:00:00.123Z"
JSON = {"Content-Type": "application/json; charset=UTF-8", "x-guploader-uploadid": REQUEST_ID}


def gcs_error(
    status: int, reason: str, message: str = "", *, sent_as: int | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """An error document: https://cloud.google.com/storage/docs/json_api/v1/status-codes"""
    error = {"code": status, "message": message, "errors": [{"domain": "global", "reason": reason, "message": message}]}
    return Answer(sent_as or status, json.dumps({"error": error}).encode(), {**JSON, **(headers or {})})


def gcs_item(key: str, **about: Any) -> dict[str, Any]:
    return {"name": key, "size": "5", "timeCreated": CREATED, "generation": "17", **about}


def gcs_page(keys: list[str], *, token: str | None = None, folders: list[str] | None = None, **about: Any) -> Answer:
    """One page of a listing."""
    document: dict[str, Any] = {"kind": "storage#objects"}
    document |= {"nextPageToken": token} if token is not None else {}
    document |= {"items": [gcs_item(key, **about) for key in keys]} if keys else {}
    document |= {"prefixes": folders} if folders else {}
    return Answer(200, json.dumps(document).encode(), JSON)


def gcs_object(key: str, data: bytes, **about: Any) -> Answer:
    """The properties of an object; `about` replaces or (None) takes away."""
    properties = gcs_item(key, size=str(len(data)), **hashes(data)) | about
    return Answer(200, json.dumps({k: v for k, v in properties.items() if v is not None}).encode(), JSON)


def hashes(data: bytes) -> dict[str, str]:
    crc32c = google_crc32c.Checksum(data).digest()
    md5 = hashlib.md5(data).digest()
    return {"crc32c": base64.b64encode(crc32c).decode(), "md5Hash": base64.b64encode(md5).decode()}


def gcs_media(data: bytes, request: Request, *, generation: str = "17", **headers: str) -> Answer:
    """The bytes of an object, with ranges and ifGenerationMatch."""
    if request.query.get("ifGenerationMatch", generation) != generation:
        return gcs_error(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")
    about = {
        "x-goog-generation": generation,
        "x-goog-stored-content-length": str(len(data)),
        "x-goog-stored-content-encoding": "identity",
        "x-guploader-uploadid": REQUEST_ID,
    }
    about |= {name.replace("_", "-"): value for name, value in headers.items()}
    asked = request.headers.get("range")
    if asked is None:
        return Answer(200, data, about)
    first, _, last = asked.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or len(data)), len(data) - 1)
    if start >= len(data):
        return gcs_error(416, "requestedRangeNotSatisfiable")
    return Answer(206, data[start : end + 1], {**about, "Content-Range": f"bytes {start}-{end}/{len(data)}"})


def token(name: str = "token-1", lasts_s: int = 3600) -> Answer:
    document = {"access_token": name, "expires_in": lasts_s, "token_type": "Bearer"}
    return Answer(200, json.dumps(document).encode(), JSON)


def no_token(code: str, said: str = "", status: int = 400, **headers: str) -> Answer:
    about = {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Answer(status, json.dumps({"error": code, "error_description": said}).encode(), about)


def write_service_account(path: Path, token_uri: str) -> Path:
    """A key file as Google hands them out, with a key of this test, whose tokens come from `token_uri`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_text(
        json.dumps(
            {
                "type": "service_account",
                "project_id": "acme",
                "private_key_id": "key-1",
                "private_key": key.decode(),
                "client_email": "audit@acme.iam.gserviceaccount.com",
                "client_id": "1",
                "token_uri": token_uri,
            }
        )
    )
    return path
