"""Recall and precision over all worlds of the fault zoo, printed at the end of the run, also where it is parallel.

It stands here, not beside the zoo: of a parallel run, the process that prints loads only the outermost of these files.
"""

from dataclasses import replace

import pytest
from hypothesis import settings

from tests.faults.measure import ZOO, Tally

settings.register_profile("any machine", deadline=None)  # how quick a machine is proves nothing about the code
settings.load_profile("any machine")

TALLY = pytest.StashKey[Tally]()


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
                if name == ZOO:
                    self.config.stash[TALLY].add(replace(Tally(), **value))


def pytest_terminal_summary(terminalreporter, config):
    told = config.stash[TALLY]
    if told.worlds:
        terminalreporter.write_line(f"fault zoo: {told}")
