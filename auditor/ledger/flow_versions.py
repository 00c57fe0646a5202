"""Versions of flows: what each was like, from when to when, and by which one it is measured."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from auditor.flow_model import FlowVersion
from auditor.ledger.database import Database
from auditor.ledger.platform_codec import dump_version, load_version
from auditor.ledger.platform_schema import flow_baselines, flow_versions
from auditor.ledger.sql import insert_into, next_id
from auditor.ledger.types import identity_of, to_json

__all__ = ["FlowVersionRecords", "SeenVersion"]


@dataclass(frozen=True, slots=True)
class SeenVersion:
    """A version of a flow, with when it was seen."""

    id: int
    version: FlowVersion
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None = None  # when the flow was found deleted


class FlowVersionRecords(Database):
    """Versions of the flows of each platform (organisation and sandbox)."""

    def record_flow_versions(
        self, platform: str, versions: Iterable[FlowVersion], *, at: datetime, complete: bool
    ) -> None:
        """Keep what each flow was like at `at`: a new row only where something differs.

        `complete`: these are all flows of the platform; those not among them are gone.
        """
        self._write(partial(_keep_versions, platform=platform, versions=list(versions), at=at, complete=complete))

    def flow_history(self, platform: str, flow_id: str) -> list[SeenVersion]:
        """All versions of a flow, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(
                select(flow_versions).where(flow_versions.c.flow == identity_of(platform, flow_id)).order_by("id")
            )
            return [_seen(row) for row in rows]

    def latest_flow_versions(self, platform: str) -> list[SeenVersion]:
        """The newest version of each flow that the platform ever had, those that are gone included, by flow id."""
        c = flow_versions.c
        newest = select(func.max(c.id)).where(c.platform == platform).group_by(c.flow)
        with self._reading() as connection:
            rows = connection.execute(select(flow_versions).where(c.id.in_(newest)).order_by(c.flow_id))
            return [_seen(row) for row in rows]

    def flow_baseline(self, platform: str, flow_id: str) -> SeenVersion | None:
        """The version that the flow is measured by; None if it was never set."""
        flow = identity_of(platform, flow_id)
        with self._reading() as connection:
            row = connection.execute(
                select(flow_versions)
                .join(flow_baselines, flow_baselines.c.version == flow_versions.c.id)
                .where(flow_baselines.c.flow == flow)
            ).first()
        return _seen(row) if row else None

    def set_flow_baseline(self, platform: str, flow_id: str, version: int, *, at: datetime) -> None:
        """Measure the flow by the version of this id from now on."""
        row = {"flow": identity_of(platform, flow_id), "version": version, "since": at}
        self._write(partial(_keep_baseline, row=row))


def _keep_versions(
    connection: Connection, platform: str, versions: list[FlowVersion], at: datetime, complete: bool
) -> None:
    for version in versions:
        _keep_version(connection, platform, version, at)
    if complete:
        _mark_gone(connection, platform, {version.flow_id for version in versions}, at)


def _keep_version(connection: Connection, platform: str, version: FlowVersion, at: datetime) -> None:
    c = flow_versions.c
    flow, body = identity_of(platform, version.flow_id), dump_version(version)
    # `updated` changes with every run of some flows; alone it makes no version.
    said = identity_of(to_json({**body, "updated": None}))
    last = connection.execute(
        select(c.id, c.said, c.gone_at).where(c.flow == flow).order_by(c.id.desc()).limit(1)
    ).first()
    if last is not None and bytes(last.said) == said and last.gone_at is None:
        connection.execute(update(flow_versions).where(c.id == last.id).values(last_seen_at=at, body=body))
        return
    connection.execute(
        flow_versions.insert(),
        {
            "id": next_id(connection, flow_versions),
            "flow": flow,
            "platform": platform,
            "flow_id": version.flow_id,
            "said": said,
            "body": body,
            "first_seen_at": at,
            "last_seen_at": at,
        },
    )


def _mark_gone(connection: Connection, platform: str, there: Collection[str], at: datetime) -> None:
    c = flow_versions.c
    newest = select(func.max(c.id)).where(c.platform == platform).group_by(c.flow)
    rows = connection.execute(select(c.id, c.flow_id).where(c.id.in_(newest), c.gone_at.is_(None))).all()
    for row in rows:
        if row.flow_id not in there:
            connection.execute(update(flow_versions).where(c.id == row.id).values(gone_at=at))


def _keep_baseline(connection: Connection, row: dict[str, Any]) -> None:
    statement = insert_into(connection, flow_baselines)
    changed = {"version": statement.excluded.version, "since": statement.excluded.since}
    connection.execute(statement.on_conflict_do_update(index_elements=[flow_baselines.c.flow], set_=changed), row)


def _seen(row: Row[Any]) -> SeenVersion:
    return SeenVersion(row.id, load_version(row.body), row.first_seen_at, row.last_seen_at, row.gone_at)
