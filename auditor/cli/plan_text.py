"""What an audit would read, for a person who decides whether to let it."""

from adapters.base import inert
from auditor.report.words import render_bytes, render_count
from auditor.service import AuditPlan, Limits


def render_plan(plan: AuditPlan, limits: Limits) -> str:
    """One sentence with the figures, then what is known already, what a limit leaves, and what could not be seen."""
    takes = f"about {_render_time(plan.seconds)} at the rate of the last audits" if plan.seconds is not None else ""
    what = [
        render_count(plan.files, "file"),
        render_bytes(plan.bytes),
        takes or "time not known: no audit has read yet",
    ]
    lines = [f"{', '.join(what)}; about {render_count(plan.listing_requests, 'listing request')}."]
    if plan.manifests:
        lines.append(f"{render_count(plan.manifests, 'manifest')} to read besides.")
    if plan.unchanged:
        lines.append(f"{render_count(plan.unchanged, 'file')} unchanged since an earlier audit: not read again.")
    if limits.any:
        lines.append(
            f"The limit allows {render_count(plan.allowed_files, 'file')}, {render_bytes(plan.allowed_bytes)}."
        )
    lines += [f"Could not be listed: {inert(trouble)}" for trouble in plan.troubles]
    return "\n".join(lines)


def _render_time(seconds: float) -> str:
    """Coarse: no one plans by seconds."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h" if seconds < 36000 else f"{round(seconds / 3600)} h"
