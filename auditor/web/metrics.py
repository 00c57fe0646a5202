"""Metrics for Prometheus, made anew at each scrape from the present state.

Nothing is labelled by run, file or time: how many series there are follows from what is configured, never from history,
and those of a dataset that is removed vanish with it (PrefectHQ/prometheus-prefect-exporter#84).
"""

import math
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from auditor import __version__
from auditor.incident_model import NoticeState
from auditor.ledger import LedgerError
from auditor.service.health import Health, judge_ready
from auditor.web.source import StateSource

__all__ = ["PREFIX", "render_metrics"]

K = TypeVar("K", bound=tuple[str, ...])
PREFIX = "export_auditor_"
COUNTERS = {
    "listings": "listings_total",
    "objects_listed": "objects_listed_total",
    "described": "objects_described_total",
    "files_read": "files_read_total",
    "bytes_read": "read_bytes_total",
}


def render_metrics(source: StateSource) -> tuple[str, str]:
    """The text that Prometheus reads, and its content type. Without its ledger, what is known without it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scrape(source))
    return generate_latest(registry).decode(), CONTENT_TYPE_PLAIN_0_0_4


class _Scrape(Collector):
    """One scrape."""

    def __init__(self, source: StateSource) -> None:
        self._source = source

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is, is asked for at the scrape alone."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All families; those from the ledger only if every one of them could be read."""
        source = self._source
        health, now = source.health(), source.now()
        yield from _about_itself(source, health, now)
        yield from _loops(health, now)
        try:
            from_ledger = [metric for family in FROM_LEDGER for metric in family(source)]
        except LedgerError:
            from_ledger = []
            yield _one("ledger_up", "Whether the ledger answers.", 0)
        else:
            yield _one("ledger_up", "Whether the ledger answers.", not health.ledger_trouble)
        yield from from_ledger


def _about_itself(source: StateSource, health: Health, now: datetime) -> Iterator[Metric]:
    config = source.config
    build = {"version": __version__, "python": platform.python_version()}
    yield InfoMetricFamily(PREFIX + "build", "Which program this is.", value=build)
    yield InfoMetricFamily(PREFIX + "config", "The configuration in use.", value={"hash": config.hash})
    refused = bool(health.config_trouble)
    yield _one("config_refused", "Whether the configuration files as they are now were refused.", refused)
    yield _one("ready", "Whether all work is done in time, as /readyz says.", judge_ready(health, now).is_ready)
    yield _one("nobody_told", "Whether no route leads to anybody.", bool(health.nobody_told))
    yield _one("start_time_seconds", "When the service began.", health.started_at.timestamp())


def _loops(health: Health, now: datetime) -> Iterator[Metric]:
    success = _gauge("loop_last_success_timestamp_seconds", "When a piece of work last ended well.", "thing")
    failure = _gauge("loop_last_failure_timestamp_seconds", "When a piece of work last failed.", "thing")
    period = _gauge("loop_period_seconds", "How often a piece of work is due; +Inf: when asked for.", "thing")
    stale = _gauge("loop_stale", "Whether a piece of work should have been done again by now.", "thing")
    late = {loop.thing for loop in health.stale_loops(now)}
    for loop in health.loops:
        for family, moment in ((success, loop.done_at), (failure, loop.failed_at)):
            if moment is not None:
                family.add_metric(_plain([loop.thing]), moment.timestamp())
        period.add_metric(_plain([loop.thing]), loop.every.total_seconds() if loop.every else math.inf)
        stale.add_metric(_plain([loop.thing]), loop.thing in late)
    yield from (success, failure, period, stale)


def _runs(source: StateSource) -> Iterator[Metric]:
    result = source.present()
    yield _one("state_timestamp_seconds", "Of which moment the state below is.", result.now.timestamp())
    labels = ("destination", "flow", "arrival", "content")
    counts = Counter((run.destination, run.flow, str(run.arrival), str(run.content)) for run in result.runs)
    yield _counted("runs", "Runs of the time that is judged now, by both answers.", labels, counts)
    doubts = Counter((one.destination,) for one in result.unverifiable)
    yield _counted("unverifiable", "Things that could not be checked.", ("destination",), doubts)
    open_ = Counter((one.code, str(one.severity), one.destination) for one in result.findings if one.waived is None)
    yield _counted("findings", "Findings now, without waived ones.", ("code", "severity", "destination"), open_)
    waived = Counter((one.code, one.destination) for one in result.findings if one.waived is not None)
    yield _counted("findings_waived", "Findings that are put up with.", ("code", "destination"), waived)


def _datasets(source: StateSource) -> Iterator[Metric]:
    labels = ("flow", "dataset", "destination")
    newest = _gauge("newest_sound_export_timestamp_seconds", "Export time of the newest sound export.", *labels)
    for key, moment in sorted(source.newest_sound().items()):
        newest.add_metric(_plain(key), moment.timestamp())
    yield newest
    named = _gauge("dataset_info", "Names of datasets, for people; 1.", *labels, "name", "team")
    for flow in source.config.flows.values():
        for one in flow.datasets:
            named.add_metric(
                _plain((flow.name, one.id, flow.destination, one.name, one.care.team or flow.care.team)), 1
            )
    yield named


def _incidents(source: StateSource) -> Iterator[Metric]:
    incidents = source.live_incidents()
    labels = ("code", "severity", "destination", "state")
    counts = Counter((i.key.code, str(i.severity), i.key.destination, str(i.state)) for i in incidents)
    yield _counted("incidents", "Incidents that are suspected or open.", labels, counts)
    unheard = sum(one.is_open and one.acknowledged is None for one in incidents)
    yield _one("incidents_unacknowledged", "Open incidents that nobody has acknowledged.", unheard)


def _telling(source: StateSource) -> Iterator[Metric]:
    tallies = source.tallies()
    yield _one("events_waiting", "Events of incidents that wait to be told.", tallies.events_waiting)
    waiting = {(channel,): n for (channel, state), n in tallies.notices.items() if state is NoticeState.WAITING}
    for channel in source.config.alerts.channels:
        waiting.setdefault((channel,), 0)
    yield _counted("notices_waiting", "Notices that wait to be sent.", ("channel",), waiting)
    oldest = _gauge("notices_oldest_waiting_timestamp_seconds", "When the notice that waits longest was written.")
    if tallies.oldest_waiting is not None:
        oldest.add_metric([], tallies.oldest_waiting.timestamp())
    yield oldest
    ended = CounterMetricFamily(PREFIX + "notices", "Notices that were sent or dropped.", labels=("channel", "state"))
    settled = {
        (channel, state): tallies.notices.get((channel, state), 0)
        for channel in {*source.config.alerts.channels, *(one for one, _ in tallies.notices)}
        for state in (NoticeState.SENT, NoticeState.DROPPED)
    }
    for (channel, state), count in sorted(settled.items()):
        ended.add_metric(_plain((channel, str(state))), count)
    yield ended


def _traffic(source: StateSource) -> Iterator[Metric]:
    texts = {
        "listings": "Listings begun, of a prefix or a folder.",
        "objects_listed": "Objects and folders that listings gave.",
        "described": "Objects asked about one by one.",
        "files_read": "Files opened for verification.",
        "bytes_read": "Bytes of files read for verification.",
    }
    totals = source.tallies().traffic
    for amount, name in COUNTERS.items():
        family = CounterMetricFamily(PREFIX + name, texts[amount], labels=("destination",))
        for destination in source.config.destinations:
            family.add_metric(
                _plain([destination]), getattr(totals[destination], amount) if destination in totals else 0
            )
        yield family


FROM_LEDGER: tuple[Callable[[StateSource], Iterator[Metric]], ...] = (_runs, _datasets, _incidents, _telling, _traffic)


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, text, labels=labels)


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, text, value=float(value))


def _counted(name: str, text: str, labels: tuple[str, ...], counts: Mapping[K, int]) -> GaugeMetricFamily:
    family = _gauge(name, text, *labels)
    for values, count in sorted(counts.items()):
        family.add_metric(_plain(values), count)
    return family


def _plain(values: Iterable[str]) -> list[str]:
    """Label values that can be written as UTF-8, whatever a name from outside holds."""
    return [value.encode("utf-8", "replace").decode() for value in values]
