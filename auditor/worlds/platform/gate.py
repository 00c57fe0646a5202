"""Who may come in: tokens given out, headers asked for, sandboxes known, not too fast."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from auditor.worlds.platform.replies import Call, Reply, gateway_refusal, service_refusal, token_refusal

TOKEN_PATH = "/ims/token/v3"  # noqa: S105 (an address)


@dataclass
class Gate:
    """The organisation that the server plays, with one client. What is set here may change while it runs."""

    org_id: str = "0123456789ABCDEF01234567@AdobeOrg"
    client_id: str = "stand-in-client"
    client_secret: str = field(default="stand-in-secret", repr=False)
    sandboxes: tuple[str, ...] = ("prod",)
    forbidden: tuple[str, ...] = ()  # beginnings of paths for which this client lacks the permission
    token_life_s: float = 86400.0  # what tokens are good for …
    told_life_s: object = None  # … and what their answer says instead of it
    calls_per_s: int | None = None
    clock: Callable[[], float] = time.monotonic
    _tokens: dict[str, float] = field(default_factory=dict, repr=False)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count, repr=False)
    _recent: deque[float] = field(default_factory=deque, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def revoke_tokens(self) -> None:
        """No token given out so far is good any more."""
        with self._lock:
            self._tokens.clear()

    def give_token(self, call: Call) -> Reply:
        """The answer of the identity service."""
        form = call.form
        if call.method != "POST" or form.get("grant_type") != "client_credentials":
            return token_refusal(400, "unsupported_grant_type", "unsupported grant_type")
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return token_refusal(401, "invalid_client", "invalid client_secret parameter")
        if not form.get("scope"):
            return token_refusal(400, "invalid_scope", "scope is missing")
        with self._lock:
            token = f"stand-in-token-{next(self._numbers)}"
            self._tokens[token] = self.clock() + self.token_life_s
        told = self.token_life_s if self.told_life_s is None else self.told_life_s
        return Reply(200, {"access_token": token, "token_type": "bearer", "expires_in": told})

    def refuse(self, call: Call) -> Reply | None:
        """Why this call may not come in; None if it may."""
        return self._refuse_pace() or self._refuse_headers(call) or self._refuse_sandbox(call)

    def _refuse_pace(self) -> Reply | None:
        if self.calls_per_s is None:
            return None
        with self._lock:
            now_s = self.clock()
            while self._recent and self._recent[0] <= now_s - 1:
                self._recent.popleft()
            if len(self._recent) >= self.calls_per_s:
                return gateway_refusal(429, "429050", "Too many requests", Retry_After="1")
            self._recent.append(now_s)
            return None

    def _refuse_headers(self, call: Call) -> Reply | None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return gateway_refusal(403, "403010", "Oauth token is missing.")
        with self._lock:
            is_good = self._tokens.get(token, 0.0) > self.clock()
        if not is_good:
            return gateway_refusal(401, "401013", "Oauth token is not valid")
        if "x-api-key" not in call.headers:
            return gateway_refusal(403, "403000", "Api Key is required")
        if call.headers["x-api-key"] != self.client_id:
            return gateway_refusal(403, "403003", "Api Key is invalid")
        if "x-gw-ims-org-id" not in call.headers:
            return gateway_refusal(400, "400003", "Missing header")
        if call.headers["x-gw-ims-org-id"] != self.org_id:
            return gateway_refusal(403, "403025", "Profile is not valid")
        return None

    def _refuse_sandbox(self, call: Call) -> Reply | None:
        sandbox = call.headers.get("x-sandbox-name", "prod")  # as Adobe does it where none is named
        if sandbox not in self.sandboxes:
            return service_refusal(404, "SMS-2000-404", "Not Found", f"Sandbox {sandbox} was not found")
        if call.path.startswith(self.forbidden):
            return service_refusal(403, "2120-403", "Forbidden", "The user does not have the required permission")
        return None
