"""Who may ask what: the bearer token, the Host header, and the headers that every answer gets."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auditor.settings import Config
from auditor.settings.destination_models.names import is_this_machine

OPEN_PATHS = ("/healthz", "/readyz")
"""What a prober may ask without a token: they tell names of destinations and pieces of work, and nothing more."""
SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """Around the whole application. The configuration is asked each time: it may be swapped while this runs."""

    def __init__(self, app: ASGIApp, config: Callable[[], Config]) -> None:
        self._app = app
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = judge_request(scope["path"], Headers(scope=scope), self._config())
        await (refusal or self._app)(scope, receive, send_guarded)


def judge_request(path: str, headers: Headers, config: Config) -> JSONResponse | None:
    """The answer that refuses a request; None: it may pass.

    With a token, whoever has it. Without one the service listens on this machine alone, and only names of this machine
    are answered to: else a page in a browser here could read it under a name of its own (DNS rebinding).
    """
    if config.service.token_hash:
        if path in OPEN_PATHS or is_token(headers.get("authorization", ""), config.service.token_hash):
            return None
        challenge = 'Bearer realm="export-auditor", Basic realm="export-auditor", charset="UTF-8"'
        return JSONResponse(
            {"detail": "a token is needed: Authorization: Bearer …, or the token as password of any user"},
            401,
            {"www-authenticate": challenge},
        )
    if is_own_name(headers.get("host", ""), config):
        return None
    return JSONResponse({"detail": "this name is not answered to; ask for 127.0.0.1, localhost or alerts.page"}, 421)


def is_token(authorization: str, token_hash: str) -> bool:
    """Whether the header holds the token, as bearer, or as the password of any user (browsers can send no bearer)."""
    scheme, _, given = authorization.partition(" ")
    given = given.strip()
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode("utf-8").partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return False
    elif scheme.lower() != "bearer":
        return False
    found = hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()
    return bool(given) and hmac.compare_digest(found, token_hash.lower())


def is_own_name(host: str, config: Config) -> bool:
    """Whether a Host header names this machine, where it listens, or `alerts.page`."""
    name = _name_of(f"//{host}")
    return bool(name) and (is_this_machine(name) or name in (config.service.host.lower(), _name_of(config.alerts.page)))


def _name_of(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
