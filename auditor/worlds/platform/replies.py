"""What comes in, what goes out, and the documented bodies of refusals.

https://experienceleague.adobe.com/en/docs/experience-platform/landing/troubleshooting
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came. `repr` shows no header: one of them is a token."""

    method: str
    path: str  # decoded, without the query
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # names in lower case
    body: bytes = field(default=b"", repr=False)

    def first(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)

    def every(self, name: str) -> list[str]:
        """All values of a query parameter, in their order."""
        return [value for key, value in self.query if key == name]

    @property
    def form(self) -> Mapping[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `body` that is not bytes is sent as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    stall_s: float = 0.0  # silence before the first byte
    cut_at: int | None = None  # close the connection after so many bytes of the body

    @property
    def document(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


def gateway_refusal(status: int, code: str, message: str, **headers: str) -> Reply:
    """As the gateway in front of all services says no."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"error_code": code, "message": message}, named)


def flow_service_refusal(status: int, message: str, details: str = "") -> Reply:
    """As the Flow Service says no."""
    return Reply(status, {"errorMessage": message, "errorDetails": details})


def service_refusal(status: int, code: str, title: str, detail: str) -> Reply:
    """As most other services say no."""
    kind = f"http://ns.adobe.com/aep/errors/{code}"
    return Reply(status, {"type": kind, "title": title, "status": status, "detail": detail})


def token_refusal(status: int, code: str, description: str) -> Reply:
    """As the identity service says no (RFC 6749 §5.2)."""
    return Reply(status, {"error": code, "error_description": description})
