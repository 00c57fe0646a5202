"""Tries what is read of Experience Platform: token, each header, each permission by the call that needs it.

Each sandbox is tried once, without retries, beside the others. Only reading requests are sent, and the one for a token.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from adapters.base import CredentialExpired, DestinationError, NotFound, Unreachable
from adapters.experience_platform import ExperiencePlatform, reading, types
from adapters.experience_platform.errors import code_of
from adapters.experience_platform.landing_zone import read_landing_zone, read_landing_zone_lifetime
from adapters.retry import Policy
from auditor.flow.specs import DATA_LAKE, TYPE_OF_FLOW_SPEC
from auditor.service.checking import Outcome
from auditor.settings.experience_platform import ExperiencePlatformFacts

__all__ = ["NEEDED", "PlatformStep", "SandboxCheck", "Tried", "Without", "check_sandboxes"]

T = TypeVar("T")

AT_ONCE: Final = 8
TIMEOUT_S: Final = 15.0
PAUSE_S: Final = 0.06  # somewhat more than the client's own
BATCHES_OF: Final = 86_400_000  # the last day, in ms


class PlatformStep(StrEnum):
    """In the order in which they are tried."""

    TOKEN = "token"  # noqa: S105 (a word)
    KEY = "API key"
    ORGANISATION = "organisation"
    SANDBOX = "sandbox"
    FLOWS = "flows"
    SOURCES = "source connections"
    TARGETS = "target connections"
    ACCOUNTS = "accounts"
    RUNS = "flow runs"
    ELIGIBLE = "datasets to export"
    CATALOG = "dataset names"
    BATCHES = "batches"
    ZONE = "landing zone"


@dataclass(frozen=True, slots=True)
class Without:
    """What a step needs, in Adobe's words, and what stays unknown without it."""

    needs: str
    unknown: str


NEEDED: Final = {
    PlatformStep.TOKEN: Without(
        "an OAuth server-to-server credential of a project in the Adobe Developer Console, and its secret",
        "everything that Experience Platform says",
    ),
    PlatformStep.KEY: Without(
        "the Experience Platform API added to the project of that credential",
        "everything that Experience Platform says",
    ),
    PlatformStep.ORGANISATION: Without(
        "org_id of the organisation that the project belongs to", "everything that Experience Platform says"
    ),
    PlatformStep.SANDBOX: Without(
        "a role that has the sandbox, with this API credential assigned to it",
        "everything that Experience Platform says of this sandbox",
    ),
    PlatformStep.FLOWS: Without(
        "View Destinations",
        "which flows there are, when they end, whether one was changed, disabled or deleted; and coverage",
    ),
    PlatformStep.SOURCES: Without("View Destinations, View Datasets", "which datasets a flow exports"),
    PlatformStep.TARGETS: Without("View Destinations", "where a flow writes, and in which format"),
    PlatformStep.ACCOUNTS: Without("View Destinations", "the SFTP server or the storage account that a flow writes to"),
    PlatformStep.RUNS: Without(
        "View Destinations",
        "what runs claim: exports are judged by storage alone, and a run that had nothing to export may look missing",
    ),
    PlatformStep.ELIGIBLE: Without(
        "View Datasets, Manage and Activate Dataset Destinations", "which datasets no flow protects"
    ),
    PlatformStep.CATALOG: Without("View Datasets", "names of datasets that no connection tells"),
    PlatformStep.BATCHES: Without(
        "View Datasets", "whether new data came into a dataset: evidence about runs that exported nothing"
    ),
    PlatformStep.ZONE: Without(
        "View Destinations", "where the Data Landing Zone is, how to log in, how long files stay"
    ),
}
"""Adobe names *View Destinations*, *View Datasets* and *Manage and Activate Dataset Destinations* for dataset exports
(Export datasets by using the Flow Service API, required permissions); which call needs which of them it does not say.
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """One step. `took_ms`: None where it was not tried, or is known by another step's call."""

    step: PlatformStep
    outcome: Outcome
    took_ms: int | None = None
    told: str = ""  # Adobe's own words, or what was read
    reached: bool = True  # False: nobody answered, so that nothing is known of permissions

    @property
    def needs(self) -> str:
        """What is needed to try it, in Adobe's words."""
        return NEEDED[self.step].needs if self.reached else "a way to token_url and base_url: network, proxy, firewall"

    @property
    def unknown_without(self) -> str:
        return NEEDED[self.step].unknown


@dataclass(frozen=True, slots=True)
class SandboxCheck:
    """What came of trying one sandbox."""

    name: str
    org_id: str
    sandbox: str
    steps: tuple[Tried, ...]

    @property
    def looked_at(self) -> bool:
        """Whether everything that an audit reads can be read."""
        return all(one.outcome in (Outcome.DONE, Outcome.NOTHING) for one in self.steps)


Open = Callable[[ExperiencePlatformFacts], ExperiencePlatform]


def check_sandboxes(
    sandboxes: Iterable[ExperiencePlatformFacts], *, open_with: Open | None = None
) -> Iterator[SandboxCheck]:
    """Each sandbox's check, in their order."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield from pool.map(lambda facts: _check(facts, open_with or _open), sandboxes)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _open(facts: ExperiencePlatformFacts) -> ExperiencePlatform:
    options = {**facts.options, "timeout": TIMEOUT_S, "policy": Policy(attempts=1)}
    return ExperiencePlatform(facts.name, **options)  # type: ignore[arg-type]


def _check(facts: ExperiencePlatformFacts, open_with: Open) -> SandboxCheck:
    trial = _Trial()
    try:
        platform = open_with(facts)
    except ValueError as error:
        trial.note(PlatformStep.TOKEN, Outcome.FAILED, None, f"cannot be asked: {error}")
    else:
        try:
            trial.run(platform)
        except _OverError:
            pass
        finally:
            platform.close()
    return SandboxCheck(facts.name, facts.org_id, facts.sandbox, trial.answer())


class _OverError(Exception):
    """There is no sense in trying more."""


@dataclass(slots=True)
class _Trial:
    """One sandbox being tried; each step after what it needs of the ones before."""

    done: dict[PlatformStep, Tried] = field(default_factory=dict)

    def run(self, platform: ExperiencePlatform) -> None:
        """Raises _OverError where the rest cannot be tried."""
        if not self.attempt(PlatformStep.TOKEN, platform.check_token, lambda _: ""):
            raise _OverError
        flows = self.read_flows(platform)
        flow = next((one for one in flows if one.source_connections and one.target_connections), None)
        dataset = self.read_connections(platform, flow)
        self.read_runs(platform, flow)
        found: list[types.EligibleDataset] = []
        self.attempt(
            PlatformStep.ELIGIBLE,
            lambda: found.extend(_first(reading.list_eligible_datasets(platform, DATA_LAKE))),
            lambda _: "" if found else "there are none",
        )
        self.read_catalog(platform, dataset or next((one.id for one in found), ""))
        self.read_zone(platform, flows)

    def read_flows(self, platform: ExperiencePlatform) -> list[types.Flow]:
        """The first call with all headers: what is refused of them, is refused here."""
        flows: list[types.Flow] = []
        start = _start()
        try:
            flows = list(reading.list_flows(platform, tuple(TYPE_OF_FLOW_SPEC)))
        except DestinationError as error:
            step = _refused_step(error)
            for earlier in _HEADERS[: _HEADERS.index(step)] if step in _HEADERS else ():
                self.note(earlier, Outcome.DONE)
            if step is PlatformStep.FLOWS and not isinstance(error, Unreachable):
                for header in _HEADERS:
                    self.note(header, Outcome.DONE)
            self.note_failure(step, error, _ms(start))
            if step is not PlatformStep.FLOWS or isinstance(error, Unreachable):
                raise _OverError from None
            return []
        for header in _HEADERS:
            self.note(header, Outcome.DONE)
        count = f"{len(flows):,} flow{'' if len(flows) == 1 else 's'} of dataset exports"
        self.note(PlatformStep.FLOWS, Outcome.DONE, _ms(start), count)
        return flows

    def read_connections(self, platform: ExperiencePlatform, flow: types.Flow | None) -> str:
        """The id of a dataset, if one was told."""
        if flow is None:
            for step in (PlatformStep.SOURCES, PlatformStep.TARGETS, PlatformStep.ACCOUNTS):
                self.note(step, Outcome.NOTHING, None, _NO_FLOW)
            return ""
        datasets: list[str] = []
        accounts: list[str] = []

        def source() -> None:
            read = reading.read_source_connection(platform, flow.source_connections[0])
            datasets.extend(name for name, _ in read.datasets)

        def target() -> None:
            read = reading.read_target_connection(platform, flow.target_connections[0])
            accounts.extend(filter(None, [read.base_connection]))

        self.attempt(PlatformStep.SOURCES, source, lambda _: "")
        self.attempt(PlatformStep.TARGETS, target, lambda _: "")
        if accounts:
            self.attempt(
                PlatformStep.ACCOUNTS, lambda: reading.read_base_connection(platform, accounts[0]), lambda _: ""
            )
        else:
            self.note(PlatformStep.ACCOUNTS, Outcome.NOTHING, None, "no account is told")
        return datasets[0] if datasets else ""

    def read_runs(self, platform: ExperiencePlatform, flow: types.Flow | None) -> None:
        if flow is None:
            self.note(PlatformStep.RUNS, Outcome.NOTHING, None, _NO_FLOW)
            return
        name = flow.id
        self.attempt(
            PlatformStep.RUNS,
            lambda: _first(reading.list_runs(platform, name)),
            lambda found: "" if found else "none yet of the flow that was asked about",
        )

    def read_catalog(self, platform: ExperiencePlatform, dataset: str) -> None:
        if not dataset:
            for step in (PlatformStep.CATALOG, PlatformStep.BATCHES):
                self.note(step, Outcome.NOTHING, None, "no dataset to ask about")
            return
        now_ms = int(time.time() * 1000)
        self.attempt(PlatformStep.CATALOG, lambda: reading.read_dataset(platform, dataset), lambda _: "")
        self.attempt(
            PlatformStep.BATCHES,
            lambda: reading.list_batches(
                platform, dataset, created_after_ms=now_ms - BATCHES_OF, created_before_ms=now_ms
            ),
            lambda _: "",
        )

    def read_zone(self, platform: ExperiencePlatform, flows: list[types.Flow]) -> None:
        """Its credentials where a flow exports there; else whether there is one, of which nothing hangs."""
        if any(TYPE_OF_FLOW_SPEC.get(flow.flow_spec) == "data-landing-zone" for flow in flows):
            self.attempt(PlatformStep.ZONE, lambda: read_landing_zone(platform), lambda _: "its credentials were given")
            return
        start = _start()
        try:
            read_landing_zone_lifetime(platform)
        except DestinationError as error:
            told = f"no flow exports there, and it cannot be read: {_words(error)}"
            self.note(PlatformStep.ZONE, Outcome.NOTHING, None, told)
        else:
            self.note(PlatformStep.ZONE, Outcome.DONE, _ms(start), "no flow exports there")

    def attempt(self, step: PlatformStep, ask: Callable[[], object], tell: Callable[[object], str]) -> bool:
        """Whether it could be read. Raises _OverError where nobody answers: each further try would take as long."""
        start = _start()
        try:
            found = ask()
        except DestinationError as error:
            self.note_failure(step, error, _ms(start))
            if isinstance(error, Unreachable):
                raise _OverError from None
            return False
        self.note(step, Outcome.DONE, _ms(start), tell(found))
        return True

    def note(self, step: PlatformStep, outcome: Outcome, took_ms: int | None = None, told: str = "") -> None:
        self.done[step] = Tried(step, outcome, took_ms, told)

    def note_failure(self, step: PlatformStep, error: DestinationError, took_ms: int) -> None:
        reached = not isinstance(error, Unreachable)
        self.done[step] = Tried(step, Outcome.FAILED, took_ms, _words(error), reached)

    def answer(self) -> tuple[Tried, ...]:
        return tuple(self.done.get(step) or Tried(step, Outcome.NOT_TRIED) for step in PlatformStep)


_HEADERS: Final = (PlatformStep.KEY, PlatformStep.ORGANISATION, PlatformStep.SANDBOX)
_NO_FLOW: Final = "no flow to ask about"
_STEP_OF_CODE: Final = {
    "403000": PlatformStep.KEY,
    "403003": PlatformStep.KEY,
    "403025": PlatformStep.ORGANISATION,
}


def _refused_step(error: DestinationError) -> PlatformStep:
    """Which header a refusal is about, by Adobe's code; FLOWS if about none."""
    if (step := _STEP_OF_CODE.get(code := code_of(error))) is not None:
        return step
    if isinstance(error, CredentialExpired):
        return PlatformStep.TOKEN
    # The list of flows itself is always there: what is not, is the sandbox (SMS-… are the sandbox service's codes).
    return PlatformStep.SANDBOX if isinstance(error, NotFound) or code.startswith("SMS-") else PlatformStep.FLOWS


def _first(items: Iterator[T]) -> list[T]:
    return [item for item in (next(items, None),) if item is not None]


def _start() -> float:
    """Now, when the client may ask at once: its pause between two requests is nobody's answer time."""
    time.sleep(PAUSE_S)
    return time.perf_counter()


def _ms(start: float) -> int:
    return round((time.perf_counter() - start) * 1000)


def _words(error: DestinationError) -> str:
    """The reason, with Adobe's id of the request that its support asks for."""
    return error.reason + (f" (request {error.request_id})" if error.request_id else "")
