"""A blob service that answers what a test tells it to, over real HTTP: for what Azurite does not do on demand."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from tests.servers.fake_s3 import MODIFIED, Answer, FakeS3, Request, Script, fake_s3

REQUEST_ID = "REQ1"
ACCOUNT = "acme"
CONTAINER = "exports"
ALWAYS = {"x-ms-request-id": REQUEST_ID, "Server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0"}


@contextmanager
def fake_azure(script: Script) -> Iterator[FakeS3]:
    """Serve `script` on a free loopback port; `options` of the server open an `azure-blob` destination there."""
    with fake_s3(script) as server:
        yield server


def options(server: FakeS3) -> dict[str, Any]:
    """Options of an `azure-blob` destination on this server, which checks no signature."""
    return {
        "container": CONTAINER,
        "account_url": f"{server.endpoint_url}/{ACCOUNT}",
        "account_key": "ZmFrZS1rZXk=",
        "timeout": 5.0,
    }


def is_listing(request: Request) -> bool:
    return request.query.get("comp") == "list"


def error(
    code: str,
    status: int,
    message: str = "",
    *,
    detail: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """An error document: https://learn.microsoft.com/rest/api/storageservices/status-and-error-codes2"""
    more = f"<AuthenticationErrorDetail>{escape(detail)}</AuthenticationErrorDetail>" if detail else ""
    body = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{escape(message)}\nRequestId:{REQUEST_ID}</Message>{more}</Error>"
    )
    about = {**ALWAYS, "Content-Type": "application/xml"} | ({"x-ms-error-code": code} if status != 200 else {})
    return Answer(status, body.encode(), {**about, **(headers or {})})


def blob(key: str, size: int = 5, *, properties: str = "", more: str = "", encoded: bool = False) -> str:
    """An entry of a listing."""
    name = f'<Name Encoded="true">{quote(key, safe="")}</Name>' if encoded else f"<Name>{escape(key)}</Name>"
    return (
        f"<Blob>{name}<Properties><Creation-Time>{MODIFIED}</Creation-Time><Last-Modified>{MODIFIED}</Last-Modified>"
        f"<Etag>0x1</Etag><Content-Length>{size}</Content-Length><Content-MD5 /><BlobType>BlockBlob</BlobType>"
        f"<AccessTier>Hot</AccessTier>{properties}</Properties>{more}</Blob>"
    )


def page(entries: Sequence[str], *, marker: str | None = "", folders: Sequence[str] = ()) -> Answer:
    """One page of a listing. `entries` are keys or whole elements; `marker` None leaves the end mark out."""
    blobs = "".join(entry if entry.startswith("<Blob>") else blob(entry) for entry in entries)
    groups = "".join(f"<BlobPrefix><Name>{escape(folder)}</Name></BlobPrefix>" for folder in folders)
    end = "" if marker is None else f"<NextMarker>{escape(marker)}</NextMarker>" if marker else "<NextMarker />"
    document = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults '
        f'ServiceEndpoint="https://acme.blob.core.windows.net/" ContainerName="{CONTAINER}">'
        f"<Blobs>{groups}{blobs}</Blobs>{end}</EnumerationResults>"
    )
    return Answer(200, document.encode(), {**ALWAYS, "Content-Type": "application/xml"})


def stored(data: bytes, request: Request, *, etag: str = "0x1", **headers: str) -> Answer:
    """A blob as GET and HEAD show it, with ranges and If-Match."""
    about = {**ALWAYS, "ETag": f'"{etag}"', "Last-Modified": MODIFIED, "x-ms-blob-type": "BlockBlob"}
    about |= {name if "-" in name else name.replace("_", "-"): value for name, value in headers.items()}
    wanted = request.headers.get("if-match")
    if wanted is not None and wanted != f'"{etag}"':
        return error("ConditionNotMet", 412)
    asked = request.headers.get("x-ms-range")
    if asked is None:
        if request.method == "HEAD":
            return Answer(200, b"", {**about, "Content-Length": str(len(data))})
        return Answer(200, data, about)
    first, _, last = asked.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or len(data)), len(data) - 1)
    if start >= len(data):
        return error("InvalidRange", 416, headers={"Content-Range": f"bytes */{len(data)}"})
    return Answer(206, data[start : end + 1], {**about, "Content-Range": f"bytes {start}-{end}/{len(data)}"})
