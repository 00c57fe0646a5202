"""An S3 server that answers what a test tells it to, over real HTTP: for what no real server does on demand."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote_plus, unquote, urlsplit
from xml.sax.saxutils import escape

MODIFIED = "Thu, 01 Oct 2026 00:00:00 GMT"


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # decoded: /bucket/key
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case

    @property
    def is_listing(self) -> bool:
        return self.query.get("list-type") == "2"


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_at: int | None = None  # close the connection after so many bytes of the body
    stall_s: float = 0.0  # be silent before the body


Script = Callable[[Request], Answer]


@dataclass
class FakeS3:
    """What was asked, and how to reach the server."""

    endpoint_url: str
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    @property
    def options(self) -> dict[str, Any]:
        """Options of an `s3` destination on this server."""
        return {
            "bucket": "exports",
            "endpoint_url": self.endpoint_url,
            "access_key_id": "fake-key",
            "secret_access_key": "fake-secret",
            "timeout": 5.0,
        }


def in_turn(*answers: Answer) -> Script:
    """Each answer once, in this order. More requests than answers get a 500 that says so."""
    left = iter(answers)
    return lambda _: next(left, error("InternalError", 500, said="the script of the test is over"))


@contextmanager
def fake_s3(script: Script) -> Iterator[FakeS3]:
    """Serve `script` on a free loopback port."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def setup(self) -> None:
            super().setup()
            with lock:
                server.connections += 1

        def serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length).decode()
            query = dict(parse_qsl(f"{parts.query}&{body}", keep_blank_values=True))
            request = Request(self.command, unquote(parts.path), query, {k.lower(): v for k, v in self.headers.items()})
            with lock:
                server.requests.append(request)
                answer = script(request)
            self.give(answer)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = serve  # noqa: N815

        def give(self, answer: Answer) -> None:
            self.send_response_only(answer.status)
            headers = {"Content-Length": str(len(answer.body)), "x-amz-request-id": "REQ1"}
            headers |= {"Date": self.date_time_string()} | dict(answer.headers)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            self.wfile.flush()
            if answer.stall_s:
                time.sleep(answer.stall_s)
            self.wfile.write(answer.body[: answer.cut_at])
            if answer.cut_at is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # the client went away, as clients do
                super().handle()

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    http.handle_error = lambda *_: None  # type: ignore[method-assign]
    server = FakeS3(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join(5)


def error(code: str, status: int, *, headers: Mapping[str, str] | None = None, said: str = "", **more: str) -> Answer:
    """An S3 error document."""
    fields = {"Code": code, "Message": said, **more, "RequestId": "REQ1"}
    text = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    document = f'<?xml version="1.0" encoding="UTF-8"?><Error>{text}</Error>'.encode()
    return Answer(status, document, {"Content-Type": "application/xml", **(headers or {})})


def page(
    keys: list[str],
    *,
    token: str | None = None,
    truncated: bool | None = None,
    folders: list[str] | None = None,
    encoded: bool = True,
    max_keys: int = 1000,
    prefix: str = "",
    entry: str = "",
    count: int | None = None,
    next_marker: str = "",
) -> Answer:
    """One page of a listing (with `next_marker` that of the older call). Names are form-encoded, as AWS does it."""
    write = quote_plus if encoded else escape
    contents = "".join(
        f"<Contents><Key>{write(key)}</Key><LastModified>2026-10-01T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;e1&quot;</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass>{entry}</Contents>"
        for key in keys
    )
    groups = "".join(f"<CommonPrefixes><Prefix>{write(f)}</Prefix></CommonPrefixes>" for f in folders or [])
    following = f"<NextContinuationToken>{escape(token)}</NextContinuationToken>" if token else ""
    following += f"<NextMarker>{write(next_marker)}</NextMarker>" if next_marker else ""
    following += f"<KeyCount>{count}</KeyCount>" if count is not None else ""
    is_truncated = truncated if truncated is not None else token is not None
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>exports</Name><Prefix>{write(prefix)}</Prefix><MaxKeys>{max_keys}</MaxKeys>"
        f"<IsTruncated>{str(is_truncated).lower()}</IsTruncated>"
        f"{'<EncodingType>url</EncodingType>' if encoded else ''}{following}{contents}{groups}</ListBucketResult>"
    ).encode()
    return Answer(200, document, {"Content-Type": "application/xml"})


def stored(data: bytes, request: Request, *, etag: str = "e1", **headers: str) -> Answer:
    """An object as GET or HEAD show it, with ranges and If-Match."""
    about = {"ETag": f'"{etag}"', "Last-Modified": MODIFIED, "Accept-Ranges": "bytes"}
    about |= {name.replace("_", "-"): value for name, value in headers.items()}
    wanted = request.headers.get("if-match")
    if wanted is not None and wanted != f'"{etag}"':
        return error("PreconditionFailed", 412)
    asked = request.headers.get("range")
    if asked is None:
        if request.method == "HEAD":
            return Answer(200, b"", {**about, "Content-Length": str(len(data))})
        return Answer(200, data, about)
    first, _, last = asked.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last or len(data)), len(data) - 1)
    if start >= len(data):
        return error("InvalidRange", 416, headers={"Content-Range": f"bytes */{len(data)}"})
    part = data[start : end + 1]
    return Answer(206, part, {**about, "Content-Range": f"bytes {start}-{end}/{len(data)}"})
