"""Logging in to Google Cloud Storage: options to a session of the SDK. Nothing of it tries again."""

import json
import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import google.auth
import requests
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession, Request
from google.cloud.storage import Client
from google.oauth2 import service_account

from adapters.gcs_errors import NoLoginError, TokenRefused
from adapters.http_answers import is_loopback
from adapters.http_sessions import prepare

READ_ONLY: Final = ("https://www.googleapis.com/auth/devstorage.read_only",)
"""The scope of our tokens: they cannot write, whatever the account may."""

logging.getLogger("google.auth").addHandler(logging.NullHandler())  # its advice about projects is for other programs


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in. Nothing given: application default credentials."""

    endpoint_url: str
    service_account_file: str | None = None
    anonymous: bool = False
    concurrency: int = 10
    timeout_s: float = 60.0

    @property
    def timeouts_s(self) -> tuple[float, float]:
        """For the connection, and for each read."""
        return min(self.timeout_s, 10.0), self.timeout_s

    def open_credentials(self, request: Request) -> Any:
        if self.anonymous:
            return AnonymousCredentials()  # type: ignore[no-untyped-call]
        if self.service_account_file is None:
            return _default(request)
        try:
            credentials = service_account.Credentials.from_service_account_file(  # type: ignore[no-untyped-call]
                self.service_account_file, scopes=READ_ONLY
            )
        except OSError:
            raise NoLoginError("the service-account file cannot be read") from None
        except (ValueError, KeyError, TypeError, AttributeError, GoogleAuthError):
            raise NoLoginError("the service-account file holds no key of a service account") from None
        return credentials.with_quota_project_from_environment()


def _default(request: Request) -> Any:
    try:
        return google.auth.default(scopes=READ_ONLY, request=request)[0]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoLoginError("the application default credentials are not usable") from None


class TokenRequest(Request):
    """How the SDK asks for tokens. What is no token is raised at once: the SDK would try again on its own."""

    def __call__(self, url: str, method: str = "GET", *args: Any, **options: Any) -> Any:
        if is_loopback(url):
            options.setdefault("proxies", {"no_proxy": urlsplit(url).hostname})
        answer = super().__call__(url, method, *args, **options)  # type: ignore[no-untyped-call]
        is_refused = answer.status != 200 or not _document(answer)
        if (is_refused and method == "POST") or answer.status in (408, 429) or answer.status >= 500:
            raise _refusal(answer)
        return answer


def _document(answer: Any) -> Mapping[str, Any]:
    """The JSON object of an answer; empty where it holds none."""
    try:
        document = json.loads(answer.data)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _refusal(answer: Any) -> TokenRefused:
    headers = lowered(answer.headers)
    said = _document(answer)
    code = said.get("error")
    # https://developers.google.com/identity/protocols/oauth2/service-account (JWT error codes)
    is_skewed = code == "invalid_grant" and "reasonable timeframe" in str(said.get("error_description"))
    is_code = isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code)
    return TokenRefused(answer.status, str(code) if is_code else "", headers, is_skewed=is_skewed)


class Session(AuthorizedSession):
    """The SDK's session, which also remembers what stood beside the last answer: the SDK's client does not say."""

    def __init__(self, credentials: Any, tokens: TokenRequest, connections: int) -> None:
        renewed_on = () if isinstance(credentials, AnonymousCredentials) else (401,)
        super().__init__(  # type: ignore[no-untyped-call]
            credentials, refresh_status_codes=renewed_on, max_refresh_attempts=1, auth_request=tokens
        )
        self._last = threading.local()
        prepare(self, connections)

    def request(self, *args: Any, **options: Any) -> Any:
        answer = super().request(*args, **options)  # type: ignore[no-untyped-call]
        self._last.headers = lowered(answer.headers)
        return answer

    @property
    def last_headers(self) -> Mapping[str, str]:
        """Of the last answer to this thread, names in lower case."""
        headers: Mapping[str, str] = getattr(self._last, "headers", {})
        return headers


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}


class Connection:
    """The session and the client in use, opened at the first call. Thread-safe."""

    def __init__(self, login: Login) -> None:
        self.login = login
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._session: Session | None = None
        self._tokens: requests.Session | None = None

    def client(self) -> Client:
        """The SDK's client, on `session()`."""
        with self._lock:
            if self._client is None:
                self._open()
            return self._client

    def session(self) -> Session:
        """For the bytes of objects, which the SDK's client only pushes."""
        with self._lock:
            if self._session is None:
                self._open()
            assert self._session is not None
            return self._session

    def close(self) -> None:
        with self._lock:
            for each in (self._session, self._tokens):
                if each is not None:
                    each.close()
            self._client = self._session = self._tokens = None

    def _open(self) -> None:
        tokens = requests.Session()
        prepare(tokens)
        request = TokenRequest(tokens)
        try:
            credentials = self.login.open_credentials(request)
        except BaseException:
            tokens.close()
            raise
        session = Session(credentials, request, self.login.concurrency)
        # A proxy for the outside has no business with a server on this machine.
        session.trust_env = not is_loopback(self.login.endpoint_url)
        client = Client(
            project="<none>",  # only writing needs one
            credentials=credentials,
            _http=session,
            client_options={"api_endpoint": self.login.endpoint_url},
        )
        # Tracing asks for the bucket's properties behind our back: a right more, and attempts that nobody counts.
        client._bucket_metadata_cache = None
        self._client, self._session, self._tokens = client, session, tokens
