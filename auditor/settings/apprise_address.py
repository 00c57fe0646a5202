"""Whether apprise can read an address. It is loaded only where a channel is one of its."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


def parse_apprise(address: str) -> None:
    """Raises ValueError, quoting nothing, for an address that names no receiver as apprise writes them."""
    import apprise

    if "://" not in address:
        raise ValueError("is no address; write it as apprise does, as in mailtos://user:password@mail.example.com")
    with _silent():
        try:
            receiver = apprise.Apprise.instantiate(address)
        except Exception:  # its plugins raise what they like, and quote the address
            receiver = None
    if receiver is None:
        raise ValueError(
            "is no address that apprise can read: the scheme before :// is not known, or a part is missing; see "
            "https://github.com/caronc/apprise/wiki"
        )


@contextmanager
def _silent() -> Iterator[None]:
    """Its log quotes addresses, and addresses hold passwords."""
    logger = logging.getLogger("apprise")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
