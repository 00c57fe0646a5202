"""A Data Landing Zone in Azure: its container, asked with a SAS that may be replaced at any time."""

from collections.abc import Callable
from typing import ClassVar

from adapters.azure_blob import LARGEST_PAGE, AzureBlobAdapter
from adapters.azure_requests import ContainerRequests
from adapters.azure_session import AzureLogin
from adapters.base import AccessDenied, CredentialExpired, DestinationError
from adapters.experience_platform.landing_zone import AzureLandingZone

Close = Callable[[], object]


class _Requests(ContainerRequests):
    """Goes on with another SAS, in the middle of a listing too: each request takes the client of that moment."""

    def log_in_anew(self, login: AzureLogin) -> Close:
        with self._lock:
            old, self._client = self._client, None
            self._login = login
        return old.close if old is not None else lambda: None


class AzureZoneAdapter(AzureBlobAdapter):
    """The container of an `AzureLandingZone`."""

    # A SAS that has ended is refused as one that lacks a right, if its stored policy is gone.
    refusals: ClassVar[tuple[type[DestinationError], ...]] = (CredentialExpired, AccessDenied)

    def __init__(
        self,
        name: str,
        zone: AzureLandingZone,
        *,
        concurrency: int,
        page_size: int | None,
        timeout: float,
    ) -> None:
        super().__init__(
            name,
            zone.container,
            account_url=zone.account_url,
            sas_token=zone.sas_token,
            concurrency=concurrency,
            page_size=page_size or LARGEST_PAGE,
            timeout=timeout,
        )
        self._requests: _Requests = _Requests(name, zone.container, self._login)

    def log_in_anew(self, zone: AzureLandingZone) -> Close:
        """Go on with the SAS of `zone`, which is the same place. What is given closes the connections used so far."""
        self._login = AzureLogin(
            account_url=zone.account_url,
            sas_token=zone.sas_token,
            concurrency=self._login.concurrency,
            timeout_s=self._login.timeout_s,
        )
        return self._requests.log_in_anew(self._login)
