"""A client on a stand-in of its own, with a clock that tests move."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from adapters.experience_platform import ExperiencePlatform
from adapters.retry import Policy
from auditor.worlds.platform import PlatformServer

FLOWS = "/data/foundation/flowservice/flows"


@dataclass
class Clock:
    """Elapsed time that passes only by waiting, and how long was waited."""

    now_s: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now_s += seconds


def client(server: PlatformServer, **options: Any) -> ExperiencePlatform:
    gate = server.gate
    given = {
        "org_id": gate.org_id,
        "client_id": gate.client_id,
        "client_secret": gate.client_secret,
        "base_url": server.base_url,
        "token_url": server.token_url,
        "timeout": 5.0,
    }
    return ExperiencePlatform("prod", **given | options)


@contextmanager
def asking(server: PlatformServer, **options: Any) -> Iterator[ExperiencePlatform]:
    opened = client(server, **options)
    yield opened
    opened.close()


def patient(clock: Clock, **limits: Any) -> Policy:
    return Policy(sleep=clock.sleep, clock=clock, chance=lambda: 1.0, **limits)
