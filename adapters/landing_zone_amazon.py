"""A Data Landing Zone in Amazon S3: one folder of a bucket, and session keys that may be replaced at any time."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import unquote_plus

from adapters.base import CredentialExpired, DestinationError, Unsupported
from adapters.experience_platform.landing_zone import AmazonLandingZone
from adapters.s3 import LARGEST_PAGE, S3Adapter
from adapters.s3_session import Clients, Login

Close = Callable[[], object]


class AmazonZoneAdapter(S3Adapter):
    """The folder of an `AmazonLandingZone`. Keys are relative to it, in errors too."""

    refusals: ClassVar[tuple[type[DestinationError], ...]] = (CredentialExpired,)

    def __init__(
        self,
        name: str,
        zone: AmazonLandingZone,
        *,
        endpoint_url: str | None,
        concurrency: int,
        page_size: int | None,
        timeout: float,
    ) -> None:
        super().__init__(
            name,
            zone.bucket,
            endpoint_url=endpoint_url,
            concurrency=concurrency,
            page_size=page_size or LARGEST_PAGE,
            timeout=timeout,
        )
        self._root = f"{zone.folder}/" if zone.folder else ""
        self._endpoint_url = endpoint_url
        self._concurrency = concurrency
        self._timeout_s = timeout
        self.log_in_anew(zone)

    def log_in_anew(self, zone: AmazonLandingZone) -> Close:
        """Go on with the keys of `zone`, which is the same place. What is given closes the connections used so far."""
        old = self._clients
        self._clients = Clients(
            Login(
                endpoint_url=self._endpoint_url,
                access_key_id=zone.access_key_id,
                secret_access_key=zone.secret_access_key,
                session_token=zone.session_token,
                concurrency=self._concurrency,
                timeout_s=self._timeout_s,
            )
        )
        return old.close

    def _ask(self, operation: str, method: str, key: str, **parameters: Any) -> Mapping[str, Any]:
        for name in ("Key", "Prefix", "StartAfter"):
            if name in parameters:
                parameters[name] = f"{self._root}{parameters[name]}"
        answer = super()._ask(operation, method, key, **parameters)
        return self._relative(answer, key) if self._root and "Prefix" in parameters else answer

    def _relative(self, answer: Mapping[str, Any], prefix: str) -> Mapping[str, Any]:
        """A page of a listing with its names as seen from the root. The marker of the root has no name there."""
        decode = unquote_plus if answer.get("EncodingType") == "url" else str
        relative = {name: value for name, value in answer.items() if name != "EncodingType"}
        for names, field in (("Contents", "Key"), ("CommonPrefixes", "Prefix")):
            if names in answer:
                relative[names] = list(self._named(answer[names], field, decode, prefix))
        return relative

    def _named(
        self, entries: list[dict[str, Any]], field: str, decode: Callable[[str], str], prefix: str
    ) -> Iterator[dict[str, Any]]:
        for entry in entries:
            name = decode(entry[field])
            if not name.startswith(self._root):
                raise Unsupported(
                    "the server lists keys outside the landing zone's folder",
                    destination=self.name,
                    operation="list",
                    key=prefix,
                )
            if name != self._root:
                yield {**entry, field: name[len(self._root) :]}
