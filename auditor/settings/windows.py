"""Windows of a flow for each kind of run: what is set, then the defaults by kind."""

from collections.abc import Mapping
from datetime import timedelta

from auditor.model import RunKind, Windows
from auditor.settings.models import DefaultsSection, FirstRunSection
from auditor.settings.problems import Path
from auditor.settings.values import render_duration
from auditor.settings.yaml_tree import Tree

DEFAULT_WINDOWS: Mapping[RunKind, Windows] = {
    RunKind.FREQUENT: Windows(
        early=timedelta(minutes=10),
        grace=timedelta(minutes=150),  # Adobe's own delay alert fires then
        deadline=timedelta(hours=6),
        settle=timedelta(minutes=15),
    ),
    RunKind.DAILY: Windows(
        early=timedelta(minutes=10),
        grace=timedelta(hours=4),  # runs may stay open about four hours
        deadline=timedelta(hours=12),
        settle=timedelta(minutes=30),
    ),
    RunKind.FIRST: Windows(
        early=timedelta(minutes=10),
        grace=timedelta(hours=24),
        deadline=timedelta(hours=72),
        settle=timedelta(minutes=60),
    ),
}


def read_windows(flow: DefaultsSection, defaults: DefaultsSection, path: Path, tree: Tree) -> Mapping[RunKind, Windows]:
    """One entry per kind. What is set holds for every kind; `first_run` holds against it for the backfill."""
    return {kind: _windows(kind, flow, defaults, path, tree) for kind in RunKind}


def _windows(kind: RunKind, flow: DefaultsSection, defaults: DefaultsSection, path: Path, tree: Tree) -> Windows:
    own = DEFAULT_WINDOWS[kind]
    grace, grace_at = _span("grace", kind, flow, defaults, path)
    deadline, deadline_at = _span("deadline", kind, flow, defaults, path)
    if grace is not None and deadline is not None and grace > deadline:
        whose = " of the first run" if "first_run" in (*grace_at, *deadline_at) else ""
        tree.add(deadline_at, _TOO_SHORT.format(render_duration(deadline), render_duration(grace), whose))
    # What was set holds; a default that contradicts it gives way.
    if grace is None:
        grace = own.grace if deadline is None else min(own.grace, deadline)
    if deadline is None:
        deadline = max(own.deadline, grace)
    return Windows(
        early=_first(flow.early, defaults.early, own.early),
        grace=grace,
        deadline=deadline,
        settle=_first(flow.settle, defaults.settle, own.settle),
    )


_TOO_SHORT = (
    "{0} is shorter than the grace {1}{2}, so that an export would be missing before it is late; "
    "write {1} or more, or a shorter grace"
)


def _span(
    name: str, kind: RunKind, flow: DefaultsSection, defaults: DefaultsSection, path: Path
) -> tuple[timedelta | None, Path]:
    """What was set for `kind`, and where; the nearest holds."""
    places: list[tuple[DefaultsSection | FirstRunSection | None, Path]] = [(flow, path), (defaults, ("defaults",))]
    if kind is RunKind.FIRST:
        firsts = [(flow.first_run, (*path, "first_run")), (defaults.first_run, ("defaults", "first_run"))]
        places = [*firsts, *places]
    for section, place in places:
        span: timedelta | None = getattr(section, name, None)
        if span is not None:
            return span, (*place, name)
    return None, path


def _first(*spans: timedelta | None) -> timedelta:
    return next(span for span in spans if span is not None)
