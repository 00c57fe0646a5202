"""Drawing runs for re-performance: the same seed draws the same runs, on any machine and by any version of Python.

Each run has the rank SHA-256(seed, flow, dataset, destination, due); those with the lowest are drawn. Whoever has the
population can draw them again.
"""

import heapq
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from adapters.base import inert
from auditor.model import Verdict
from auditor.report.completeness.types import Drawn, Judged, Sample
from auditor.report.words import render_instant


@dataclass
class Sampler:
    """Draws `size` runs while the population passes by."""

    seed: str
    size: int
    _held: list[tuple[int, str, Verdict]] = field(default_factory=list)  # heap: the highest rank first
    _seen: int = 0

    def watch(self, population: Iterable[Judged]) -> Iterator[Judged]:
        """Let the population through."""
        for run in population:
            self._consider(run.verdict)
            yield run

    def draw(self, config: str) -> Sample:
        """Those drawn, by flow, dataset, destination and due time. `config`: path that goes into the commands."""
        held = sorted((verdict for _, _, verdict in self._held), key=_name)
        return Sample(self.seed, self.size, self._seen, tuple(_drawn(verdict, config) for verdict in held))

    def _consider(self, verdict: Verdict) -> None:
        self._seen += 1
        name = _name(verdict)
        entry = (-rank_of(self.seed, name), name, verdict)
        if len(self._held) < self.size:
            heapq.heappush(self._held, entry)
        elif self._held and entry[:2] > self._held[0][:2]:
            heapq.heapreplace(self._held, entry)


def rank_of(seed: str, name: str) -> int:
    """The rank of a run: a number that nobody can choose."""
    return int.from_bytes(sha256(f"{seed}\n{name}".encode("utf-8", "surrogatepass")).digest())


def _name(verdict: Verdict) -> str:
    assert verdict.due is not None
    return "\n".join((verdict.flow, verdict.dataset, verdict.destination, render_instant(verdict.due)))


def _drawn(verdict: Verdict, config: str) -> Drawn:
    assert verdict.due is not None
    whose = (inert(verdict.flow), inert(verdict.dataset), inert(verdict.destination), verdict.due)
    level = f" {verdict.level}" if verdict.level is not None else ""
    said = f"{verdict.arrival.value}, {verdict.content.value}{level}"
    return Drawn(*whose, said, tuple(_commands(verdict, config)))


def _commands(verdict: Verdict, config: str) -> Iterator[str]:
    assert verdict.due is not None
    quoted = shlex.quote(inert(config))
    if verdict.folder:
        place = shlex.quote(inert(f"{verdict.destination}:{verdict.folder}"))
        yield f"export-auditor verify -c {quoted} {place}"
    options = {"--flow": verdict.flow, "--dataset": verdict.dataset, "--destination": verdict.destination}
    given = " ".join(f"{name}={shlex.quote(inert(value))}" for name, value in options.items())
    since = render_instant(verdict.due)
    yield f"export-auditor audit -c {quoted} {given} --since {since} --relist --reverify --format json"
