"""Google Cloud Storage: which of its two APIs is spoken is decided by the credentials."""

from adapters.base import Adapter

__all__ = ["LARGEST_PAGE", "open_gcs"]

ENDPOINT = "https://storage.googleapis.com"
LARGEST_PAGE = 1000


def open_gcs(
    name: str,
    bucket: str,
    *,
    endpoint_url: str | None = None,
    service_account_file: str | None = None,
    hmac_access_id: str | None = None,
    hmac_secret: str | None = None,
    anonymous: bool = False,
    concurrency: int = 10,
    page_size: int = LARGEST_PAGE,
    timeout: float = 60.0,
) -> Adapter:
    """The adapter of a bucket: by the XML API with HMAC keys, else by the JSON API. Asks for nothing yet.

    Without any credentials: application default credentials. `timeout`: seconds for each
    connection and each read.

    Raises: ValueError for options that cannot be, or credentials of more than one kind.
    """
    if not bucket or concurrency < 1 or page_size < 1 or timeout <= 0:
        raise ValueError(
            f"destination {name!r}: bucket must not be empty; concurrency, page_size and timeout are above 0"
        )
    if (hmac_access_id is None) != (hmac_secret is None):
        raise ValueError(f"destination {name!r}: hmac_access_id and hmac_secret go together")
    if (hmac_access_id is not None) + (service_account_file is not None) + anonymous > 1:
        raise ValueError(
            f"destination {name!r}: one of service_account_file, hmac_access_id with hmac_secret, and anonymous"
        )
    address = endpoint_url or ENDPOINT
    if hmac_access_id is not None:
        from adapters.gcs_hmac import GcsHmacAdapter
        from adapters.s3_session import Login as KeyLogin

        keys = KeyLogin(
            endpoint_url=address,
            access_key_id=hmac_access_id,
            secret_access_key=hmac_secret,
            concurrency=concurrency,
            timeout_s=timeout,
        )
        return GcsHmacAdapter(name, bucket, login=keys, page_size=page_size)
    from adapters.gcs_json import GcsAdapter
    from adapters.gcs_session import Login

    login = Login(address, service_account_file, anonymous, concurrency, timeout)
    return GcsAdapter(name, bucket, login, page_size)
