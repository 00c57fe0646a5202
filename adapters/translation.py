"""No exception of an SDK leaves an adapter: each becomes one of the protocol's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adapters.base import DestinationError


@contextmanager
def translated(translate: Callable[[Exception], DestinationError]) -> Iterator[None]:
    """Every exception inside as what `translate` makes of it; no SDK exception escapes, and none of its words.

    What is the protocol's already passes. The SDK's exception is not chained: its text may hold a signed address.
    """
    try:
        yield
    except DestinationError:
        raise
    except Exception as error:
        raise translate(error) from None
