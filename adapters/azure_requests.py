"""Reading requests to one container, through the pipeline of Microsoft's SDK: its login, its transport, no more.

The SDK's own calls above that pipeline undo a Content-Encoding, cut a read into chunks that may belong to
different versions (Azure/azure-sdk-for-python#16069, #23714), and build a page of a listing three times in memory.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

from azure.core.credentials import TokenCredential
from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob import ContainerClient

from adapters.azure_errors import BODY_BYTES, Refusal, speaking_of, translate_refusal
from adapters.azure_session import AzureLogin, Credential
from adapters.base import DestinationError, Unsupported

VERSION: Final = "2021-12-02"
"""Of the service. Old enough for every cloud and Azure Stack; knows encoded names and directories in listings."""

CHUNK_BYTES: Final = 64 * 1024


class Answer:
    """A good answer whose body has yet to be read. Close it; a body read to its end gives its connection back."""

    def __init__(self, response: Any, destination: str, operation: str, key: str) -> None:
        self._response = response
        self._about = (destination, operation, key)
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = {str(k).lower(): str(v) for k, v in response.headers.items()}

    def fail(self, kind: type[DestinationError], reason: str) -> DestinationError:
        """An error about this answer."""
        destination, operation, key = self._about
        request_id = self.headers.get("x-ms-request-id", "")[:80]
        return kind(reason, destination=destination, operation=operation, key=key, request_id=request_id)

    def refuse(self, body: str) -> DestinationError:
        """The error that the body of an answer of status 200 tells."""
        destination, operation, key = self._about
        refusal = Refusal(self.status, self.headers, body, str(self._response.request.url))
        return translate_refusal(refusal, destination=destination, operation=operation, key=key)

    def read_into(self, view: memoryview) -> int:
        """Bytes as they are stored, whatever their Content-Encoding; 0 at the end."""
        with speaking_of(*self._about):
            data: bytes = self._response.internal_response.raw.read(len(view), decode_content=False)
        view[: len(data)] = data
        return len(data)

    def chunks(self) -> Iterator[bytes]:
        buffer = memoryview(bytearray(CHUNK_BYTES))
        while count := self.read_into(buffer):
            yield bytes(buffer[:count])

    def close(self) -> None:
        """Give the connection back, if the body was read or has no bytes; else close it."""
        raw = self._response.internal_response
        if self._response.request.method == "HEAD" or self.headers.get("content-length") == "0":
            with suppress(Exception):  # nothing was promised, so nothing can be lost
                raw.raw.read(1)
        raw.close()


class ContainerRequests:
    """Asks one container. Opens its client at the first call; thread-safe."""

    def __init__(self, destination: str, container: str, login: AzureLogin) -> None:
        self.destination = destination
        self._container = container
        self._login = login
        self._lock = threading.Lock()
        self._client: ContainerClient | None = None
        self._credential: Credential = None

    def ask(
        self,
        operation: str,
        key: str,
        *,
        method: Literal["GET", "HEAD"] = "GET",
        blob: str | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        version: str = VERSION,
    ) -> Answer:
        """One request, to `blob` or to the container itself; `operation` and `key` are for errors."""
        with speaking_of(self.destination, operation, key):
            client = self._current()
            request = HttpRequest(method, self._address(client, blob, query or {}))
            # Of listings too: what is not compressed can be counted, and loopback and cloud are near.
            request.headers.update({"x-ms-version": version, "Accept-Encoding": "identity", **(headers or {})})
            response = client._pipeline.run(request, stream=True).http_response
            if not 200 <= response.status_code < 300:
                raise self._refused(response, operation, key)
            return Answer(response, self.destination, operation, key)

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None
            if isinstance(self._credential, TokenCredential) and hasattr(self._credential, "close"):
                self._credential.close()
            self._credential = None

    def _current(self) -> ContainerClient:
        with self._lock:
            if self._client is None:
                self._client = self._open()
            return self._client

    def _open(self) -> ContainerClient:
        options = self._login.client_options()
        if self._login.connection_string:
            return ContainerClient.from_connection_string(self._login.connection_string, self._container, **options)
        self._credential = self._login.open_credential()
        return ContainerClient(self._login.endpoint, self._container, credential=self._credential, **options)

    def _address(self, client: ContainerClient, blob: str | None, query: Mapping[str, str]) -> str:
        address, _, sas = str(client.url).partition("?")
        if blob is not None:
            if {".", ".."} & set(blob.split("/")):
                raise Unsupported(
                    "a part of the name is all dots, which an address cannot carry",
                    destination=self.destination,
                    operation="read",
                    key=blob,
                )
            address += f"/{quote(blob, safe='~/')}"
        asked = "&".join(part for part in (urlencode(query, quote_via=quote), sas) if part)
        return f"{address}?{asked}" if asked else address

    def _refused(self, response: Any, operation: str, key: str) -> DestinationError:
        raw = response.internal_response
        try:
            body = raw.raw.read(BODY_BYTES, decode_content=False).decode("utf-8", "replace")
        except Exception:  # a body that was cut: the status and the headers must do
            body = ""
        finally:
            raw.close()
        headers = {str(k).lower(): str(v) for k, v in response.headers.items()}
        asked_at = str(response.request.headers.get("x-ms-date", ""))
        refusal = Refusal(response.status_code, headers, body, str(response.request.url), asked_at)
        return translate_refusal(refusal, destination=self.destination, operation=operation, key=key)
