"""Logging in to S3: options to a client, and fresh credentials when they end in the middle of a scan."""

import logging
import threading
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.loaders import Loader, create_loader

from adapters.http_answers import is_loopback
from adapters.http_pace import paced

# At DEBUG the SDK logs each answer, those with session keys too, and each request's signature. Who wants that sets it.
if logging.getLogger("botocore").level == logging.NOTSET:
    logging.getLogger("botocore").setLevel(logging.INFO)

FALLBACK_REGION: Final = "us-east-1"  # signed requests need one, S3-compatible servers accept any


@cache
def _open_sdk_data(path: str | None) -> Loader:
    """The SDK's description of its services, read once for all clients: most of the time to open one, and megabytes."""
    return create_loader(path)


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in. Without keys: the usual AWS chain (environment, profile, container, instance)."""

    region: str | None = None
    endpoint_url: str | None = field(default=None, repr=False)  # may hold a user name and password
    profile: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    role_arn: str | None = None
    external_id: str | None = field(default=None, repr=False)
    concurrency: int = 10
    timeout_s: float = 60.0
    accept_encoding: str | None = None  # of a GetObject; nothing that is signed

    @property
    def is_fixed(self) -> bool:
        """Keys given by value: asking for new ones gives the same."""
        return self.access_key_id is not None and self.role_arn is None

    def open_session(self) -> boto3.session.Session:
        session = boto3.session.Session(
            botocore_session=self._open_core(),
            profile_name=self.profile,
            region_name=self.region,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            aws_session_token=self.session_token,
        )
        paths = session._session.get_component("data_loader").search_paths
        paths[:] = dict.fromkeys(paths)  # boto3 adds its own once more for each session
        if self.role_arn is not None:
            _assume(session, self.role_arn, self.external_id, self._config())
        return session

    def _open_core(self) -> botocore.session.Session:
        """The SDK's session. Keys given by value need no profile: one named by the environment may be missing."""
        core = botocore.session.Session()
        named = core.get_config_variable("profile")
        if self.profile is not None:
            core.set_config_variable("profile", self.profile)
        elif self.access_key_id is not None and named not in (None, *core.available_profiles):
            core = botocore.session.Session(session_vars={"profile": (None, [], None, None)})
        core.register_component("data_loader", _open_sdk_data(core.get_config_variable("data_path")))
        return core

    def open_client(self, session: boto3.session.Session) -> Any:
        client = session.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=session.region_name or FALLBACK_REGION,
            config=self._config(),
        )
        _pace(client)
        if self.accept_encoding is not None:
            client.meta.events.register("before-send.s3.GetObject", self._name_encoding)
        return client

    def _name_encoding(self, request: Any, **_: Any) -> None:
        request.headers["Accept-Encoding"] = self.accept_encoding

    def _config(self) -> Config:
        return Config(
            connect_timeout=min(self.timeout_s, 10.0),
            read_timeout=self.timeout_s,
            max_pool_connections=self.concurrency,
            # One attempt: trying again is adapters/retry.py's business.
            retries={"mode": "standard", "total_max_attempts": 1},
            # The newer defaults fail on servers that do not know these headers (boto/botocore#3352).
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path" if self.endpoint_url else "auto"},
            # A proxy for the outside has no business with a server on this machine.
            proxies={} if is_loopback(self.endpoint_url) else None,
            tcp_keepalive=True,
        )


def _pace(client: Any) -> None:
    """The SDK lets nobody choose the classes of its connections: they are replaced where it keeps them."""
    classes = client._endpoint.http_session._pool_classes_by_scheme
    classes.update(paced(classes))


def _assume(session: boto3.session.Session, role_arn: str, external_id: str | None, config: Config) -> None:
    """Have `session` use the role; its credentials are refreshed by the SDK before they end."""
    core = session._session

    def open_sts(service: str, **options: Any) -> Any:
        region = session.region_name or FALLBACK_REGION
        client = core.create_client(service, region_name=region, config=config, **options)
        _pace(client)
        return client

    fetcher = AssumeRoleCredentialFetcher(
        client_creator=open_sts,
        source_credentials=core.get_credentials(),
        role_arn=role_arn,
        extra_args={"RoleSessionName": "export-auditor"} | ({"ExternalId": external_id} if external_id else {}),
    )
    core._credentials = DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)


class Clients:
    """The client in use, opened at the first call and replaced when its credentials have ended. Thread-safe."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._lock = threading.Lock()
        self._client: Any = None
        self._keys: object = None

    def current(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client, self._keys = self._open()
            return self._client

    def renew(self, refused: Any) -> bool:
        """After `refused` was told that its credentials have ended: is there a client with others now?"""
        with self._lock:
            if self._client is not refused:
                return True  # another thread was faster
            if self._login.is_fixed:
                return False
            client, keys = self._open()
            if keys == self._keys:
                client.close()
                return False
            self._client, self._keys = client, keys  # the old one is left to the threads that still read
            return True

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _open(self) -> tuple[Any, object]:
        session = self._login.open_session()
        credentials = session.get_credentials()
        keys = credentials.get_frozen_credentials() if credentials is not None else None
        return self._login.open_client(session), keys
