"""List Paths through Microsoft's SDK: the one call that the `dfs` endpoint is asked for."""

import json
import threading
from collections.abc import Callable
from typing import Any, Final

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError, ServiceResponseTimeoutError
from azure.storage.filedatalake import FileSystemClient

from adapters.adls_endpoints import endpoint
from adapters.adls_listing import Answer, Question
from adapters.azure_errors import BODY_BYTES, Refusal, speaking_of, translate_refusal
from adapters.azure_session import AzureLogin
from adapters.base import DestinationError

VERSION: Final = "2021-12-02"
"""Of the service; old enough for every cloud."""

START_VERSION: Final = "2026-02-06"
"""The first version of the service that can start a listing at a path (beginFrom)."""


class PathRequests:
    """Asks one file system. Opens its clients at the first call; thread-safe."""

    def __init__(self, destination: str, file_system: str, login: AzureLogin) -> None:
        self._destination = destination
        self._file_system = file_system
        self._login = login
        self._lock = threading.Lock()
        self._options: dict[str, Any] | None = None
        self._clients: dict[str, FileSystemClient] = {}  # by version of the service

    def ask(self, question: Question, prefix: str, too_much: Callable[[], None]) -> Answer:
        """One page. `prefix` is for errors; `too_much` is called where the service, or we, lost patience with it.

        Raises: NotFound where the file system is not there, by the word of this endpoint alone.
        """
        with speaking_of(self._destination, "list", prefix):
            client = self._client(START_VERSION if question.begin_from else VERSION)
            pages: Any = client.get_paths(
                question.directory or None,
                recursive=question.recursive,
                max_results=question.count,
                start_from=question.begin_from or None,
            ).by_page(question.continuation or None)
            try:
                return Answer(list(next(pages)), pages.continuation_token or "")
            except DestinationError as error:
                error.key = prefix
                raise
            except ServiceResponseTimeoutError:
                too_much()
                raise
            except HttpResponseError as error:
                code = getattr(error, "error_code", None)
                if code == "PathNotFound":
                    return Answer(None)
                if code == "OperationTimedOut":
                    too_much()
                raise

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            credential = (self._options or {}).get("credential")
            if isinstance(credential, TokenCredential) and hasattr(credential, "close"):
                credential.close()
            self._options = None

    def _client(self, version: str) -> FileSystemClient:
        with self._lock:
            if self._options is None:  # one credential and one pool of connections for all
                self._options = {"credential": self._login.open_credential(), **self._login.client_options()}
            if version not in self._clients:
                self._clients[version] = FileSystemClient(
                    endpoint(self._login.endpoint, "dfs"),
                    self._file_system,
                    api_version=version,
                    raw_response_hook=self._refuse_other_answers,
                    **self._options,
                )
            return self._clients[version]

    def _refuse_other_answers(self, response: Any) -> None:
        """The SDK takes any JSON of status 200 without paths for an empty page: an error, or somebody else's answer."""
        told = response.http_response
        if told.status_code != 200:
            return
        if isinstance(_json(told.body()).get("paths"), list):
            return
        body = told.body()[:BODY_BYTES].decode("utf-8", "replace")
        headers = {str(name).lower(): str(value) for name, value in told.headers.items()}
        raise self._refusal(Refusal(200, headers, body, str(response.http_request.url)))

    def _refusal(self, refusal: Refusal) -> DestinationError:
        return translate_refusal(refusal, destination=self._destination, operation="list")


def _json(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
