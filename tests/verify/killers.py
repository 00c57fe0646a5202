"""Destinations that open in worker processes and do harm there, on demand."""

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.base import AccessDenied, Adapter
from tests.scan.memory import MemoryAdapter


class _Harmful(MemoryAdapter):
    def __init__(self, objects: Mapping[str, bytes], harm: Mapping[str, str]) -> None:
        super().__init__(objects)
        self._harm = harm

    def read_object(self, key, start=0, length=None, *, version=""):
        harm = self._harm.get(key, "")
        if harm == "SIGSEGV":
            os.kill(os.getpid(), signal.SIGSEGV)
        if harm == "SIGKILL":
            os.kill(os.getpid(), signal.SIGKILL)
        if harm == "exit":
            os._exit(7)
        if harm == "hang":
            time.sleep(600)
        if harm == "defect":
            raise ZeroDivisionError("record contents that must not be told")
        if harm == "memory":
            raise MemoryError
        return super().read_object(key, start, length, version=version)


@dataclass(frozen=True)
class Opener:
    """Picklable. `harm`: key -> what reading it does to the process."""

    objects: Mapping[str, bytes]
    harm: Mapping[str, str] = field(default_factory=dict)

    def __call__(self) -> Adapter:
        return _Harmful(self.objects, self.harm)


@dataclass(frozen=True)
class RefusingOpener:
    """A destination that cannot be opened: by its own refusal, or by a wrong configuration."""

    wrong: bool = False

    def __call__(self) -> Adapter:
        if self.wrong:
            raise ValueError("no such option")
        raise AccessDenied("forbidden", destination="memory", operation="open")
