"""The numbers of the fault zoo's tests, on their way to the end of the run."""

from dataclasses import asdict

import pytest

from tests.faults.measure import ZOO, Tally


@pytest.fixture
def tally(record_property):
    """Takes the numbers of one test's worlds."""
    told = Tally()
    yield told
    record_property(ZOO, asdict(told))
