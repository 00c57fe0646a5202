"""Sessions of requests as the SDKs of Microsoft and Google get them: pooled, paced, without retries of their own."""

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from adapters.http_pace import paced


class _Pool(HTTPAdapter):
    """Connections to one host or few, kept open."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = paced(self.poolmanager.pool_classes_by_scheme)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = paced(manager.pool_classes_by_scheme)
        return manager


def prepare(session: requests.Session, connections: int = 10) -> None:
    """Have `session` keep so many connections; trying again is adapters/retry.py's business.

    What a netrc file says never takes the place of the login.
    """
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Pool(pool_maxsize=connections, max_retries=0))
    session.auth = _as_it_is


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
