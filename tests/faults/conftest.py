"""Recall and precision over all worlds of this folder, printed at the end of the run, also where it is parallel."""

from dataclasses import asdict, replace

import pytest

from tests.faults.measure import Tally

TALLY = pytest.StashKey[Tally]()
MARK = "fault zoo"


@pytest.fixture
def tally(record_property):
    """Takes the numbers of one test's worlds."""
    told = Tally()
    yield told
    record_property(MARK, asdict(told))


def pytest_configure(config):
    config.stash[TALLY] = Tally()
    config.pluginmanager.register(_Collector(config), "fault-zoo-collector")


class _Collector:
    """Reports come to the controlling process whichever process ran the test."""

    def __init__(self, config):
        self.config = config

    def pytest_runtest_logreport(self, report):
        if report.when == "teardown":
            for name, value in report.user_properties:
                if name == MARK:
                    self.config.stash[TALLY].add(replace(Tally(), **value))


def pytest_terminal_summary(terminalreporter, config):
    told = config.stash[TALLY]
    if told.worlds:
        terminalreporter.write_line(f"fault zoo: {told}")
