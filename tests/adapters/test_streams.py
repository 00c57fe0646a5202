"""How many bytes an HTTP answer promises, by its Content-Length and Content-Range."""

import pytest

from adapters.base import DestinationError, RangeRefused, Unsupported
from adapters.streams import promised_bytes


def fail(kind: type[DestinationError], reason: str) -> DestinationError:
    return kind(reason, destination="d", operation="read", key="k")


@pytest.mark.parametrize(
    "size, of_range, start, length, promised",
    [
        (10, None, 0, None, 10),
        (10, None, 0, 4, 4),
        (10, None, 0, 99, 10),
        (0, None, 0, None, 0),
        (10, None, 10, None, 0),
        (6, "bytes 4-9/10", 4, None, 6),
        (None, "bytes 4-9/10", 4, None, 6),
        (2, "bytes 4-5/10", 4, 2, 2),
        (2, "bytes 4-5/10", 4, None, 6),  # shorter than asked for: the rest is still promised, and missed when read
        (6, "bytes 4-9/10", 4, 99, 6),
        (6, "bytes 4-102/10", 4, 99, 6),  # Azurite repeats the end that was asked for
        (0, "bytes 10-9/10", 10, None, 0),  # and does not refuse one at the end
    ],
)
def test_what_an_answer_promises(size, of_range, start, length, promised):
    assert promised_bytes(size, of_range, start, length, fail) == promised


@pytest.mark.parametrize(
    "size, of_range, start, kind",
    [
        (None, None, 0, Unsupported),
        (10, None, 4, Unsupported),  # the whole, where a part was asked for
        (10, None, 11, RangeRefused),
        (6, "bytes 3-8/10", 4, Unsupported),
        (6, "bytes 4-9/*", 4, Unsupported),
        (6, "bytes 4-9/3", 4, Unsupported),
        (6, "", 4, Unsupported),
        (6, "items 4-9/10", 4, Unsupported),
    ],
)
def test_an_answer_for_something_else_promises_nothing(size, of_range, start, kind):
    with pytest.raises(kind):
        promised_bytes(size, of_range, start, None, fail)
