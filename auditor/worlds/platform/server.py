"""The HTTP server: routes, faults on demand, and a record of what was asked."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from auditor.worlds.platform.gate import TOKEN_PATH, Gate
from auditor.worlds.platform.replies import Call, Reply, flow_service_refusal, gateway_refusal

LARGEST_REQUEST = 1024 * 1024

Route = Callable[[Call], Reply]


@dataclass
class Fault:
    """What happens instead of the answer, `times` times, to calls whose path fits `path` (a regular expression)."""

    path: str
    reply: Reply
    times: int = 1


@dataclass(frozen=True, slots=True)
class _Routed:
    method: str
    path: "re.Pattern[str]"
    answer: Route


@dataclass
class PlatformServer:
    """Serves on a free loopback port while entered.

    with PlatformServer() as platform:
        platform.route("GET", "/data/foundation/flowservice/flows", lambda call: Reply(200, {"items": []}))
        platform.fail("/flows$", Reply(503, headers={"Retry-After": "1"}))
        ExperiencePlatform(..., base_url=platform.base_url, token_url=platform.token_url)
    """

    gate: Gate = field(default_factory=Gate)
    calls: list[Call] = field(default_factory=list, repr=False)  # all, in the order in which they came
    _routes: list[_Routed] = field(default_factory=list, repr=False)
    _faults: list[Fault] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def route(self, method: str, path: str, answer: Route) -> None:
        """Answer calls whose whole path fits `path` (a regular expression). The newest route that fits holds."""
        self._routes.insert(0, _Routed(method, re.compile(path), answer))

    def fail(self, path: str, reply: Reply, times: int = 1) -> None:
        """Have the next `times` calls to `path` (searched for as a regular expression) get `reply`."""
        with self._lock:
            self._faults.append(Fault(path, reply, times))

    def asked(self, path: str = "") -> list[Call]:
        """The calls so far whose path fits."""
        with self._lock:
            return [call for call in self.calls if re.search(path, call.path)]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def token_url(self) -> str:
        return f"{self.base_url}{TOKEN_PATH}"

    def answer(self, call: Call) -> Reply:
        """What `call` gets."""
        with self._lock:
            self.calls.append(call)
            fault = next((each for each in self._faults if each.times > 0 and re.search(each.path, call.path)), None)
            if fault is not None:
                fault.times -= 1
                return fault.reply
        if call.path == TOKEN_PATH:
            return self.gate.give_token(call)
        if refused := self.gate.refuse(call):
            return refused
        fitting = [each for each in self._routes if each.path.fullmatch(call.path)]
        for each in fitting:
            if each.method == call.method:
                return each.answer(call)
        if fitting:
            return gateway_refusal(405, "405000", "Method not allowed")
        return flow_service_refusal(404, "Not Found", "There is nothing at this address")

    def __enter__(self) -> Self:
        self._http = _open(self)
        serve = {"poll_interval": 0.02}
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs=serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


def login_of(platform: PlatformServer, *, sandbox: str = "prod") -> dict[str, str]:
    """How an auditor is told to ask `platform`: the keys of an entry of `experience_platform:`."""
    gate = platform.gate
    return {
        "org_id": gate.org_id,
        "sandbox": sandbox,
        "client_id": gate.client_id,
        "client_secret": gate.client_secret,
        "base_url": platform.base_url,
        "token_url": platform.token_url,
    }


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients go away, as clients do."""


def _open(platform: PlatformServer) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        disable_nagle_algorithm = True

        def serve(self) -> None:
            length = min(int(self.headers.get("content-length") or 0), LARGEST_REQUEST)
            parts = urlsplit(self.path)
            query = tuple(parse_qsl(parts.query, keep_blank_values=True))
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.command, unquote(parts.path), query, headers, self.rfile.read(length))
            self.give(platform.answer(call))

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815

        def give(self, reply: Reply) -> None:
            if reply.stall_s:
                time.sleep(reply.stall_s)
            document = reply.document
            self.send_response_only(reply.status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(document))}
            headers |= {"x-request-id": f"request-{len(platform.calls)}", "Date": self.date_time_string()}
            for name, value in (headers | dict(reply.headers)).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            self.wfile.write(document[: reply.cut_at])
            if reply.cut_at is not None:
                self.close_connection = True

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

        def log_message(self, *_: object) -> None:
            """Nothing: calls are recorded instead."""

    return _Quiet(("127.0.0.1", 0), Handler)
