"""Short words for the tests of expectations."""

from datetime import UTC, datetime, timedelta

from auditor.model import Dataset, Flow, RunKind, Schedule, Windows

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TINY = timedelta(microseconds=1)

WINDOWS = {
    RunKind.FREQUENT: Windows(timedelta(minutes=10), timedelta(minutes=150), 6 * HOUR, timedelta(minutes=15)),
    RunKind.DAILY: Windows(timedelta(minutes=10), 4 * HOUR, 12 * HOUR, timedelta(minutes=30)),
    RunKind.FIRST: Windows(timedelta(minutes=10), 24 * HOUR, 72 * HOUR, timedelta(minutes=60)),
}


def at(text: str) -> datetime:
    """An instant; UTC unless the text says otherwise."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def flow(*schedules: Schedule, **changes) -> Flow:
    datasets = (Dataset("5ef3e324052581191aa6a466", "Web"), Dataset("5ef3e324052581191aa6a467", "Profiles"))
    given = {"name": "f", "destination": "d", "datasets": datasets, "schedules": schedules, "windows": WINDOWS}
    return Flow(**(given | changes))
