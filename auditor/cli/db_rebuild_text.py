"""What `export-auditor db rebuild` says."""

from collections.abc import Iterator, Sequence

from adapters.base import inert
from auditor.model import Verdict
from auditor.report.words import render_count, render_instant
from auditor.service.rebuilding import Comparison, Difference, Rebuilt

EXAMPLES = 5


def render_rebuilt(done: Rebuilt) -> str:
    """For a person."""
    lines = [f"new ledger: {done.shown}; its audit says: {done.result.status}"]
    if done.comparison is None:
        lines.append(f"not compared, for the old one cannot be read: {done.trouble}")
    else:
        lines += _comparison(done.comparison)
    if done.replaced:
        lines.append(f"it took the place of the old one, which is now {inert(str(done.replaced))}")
    elif done.refused:
        lines.append(f"the old one was not replaced: {done.refused}")
    else:
        lines.append("the old one is as it was; --replace puts the new one in its place")
    return "\n".join(lines)


def _comparison(told: Comparison) -> Iterator[str]:
    yield f"{render_count(told.same, 'verdict')} the same"
    yield from _some("say something else now", told.changed)
    yield from _some("when it came, only the old one saw", told.first_seen)
    yield from _some("could not be looked at this time", told.unseen)
    yield from _some("only the old one has", told.only_old)
    yield from _some("only the new one has", told.only_new)
    if told.lost.count:
        yield f"{render_count(told.lost.count, 'object')} that the old one knows and storage lacks"
        yield from (f"  {inert(place)}: {inert(key)}" for place, key in told.lost.examples)
    if told.knowledge:
        yield "what only the old one knows:"
        yield from (
            f"  {one.count:>10,}  {one.what}{f' ({inert(one.example)})' if one.example else ''}"
            for one in told.knowledge
        )


def _some(what: str, differences: Sequence[Difference]) -> Iterator[str]:
    if not differences:
        return
    yield f"{render_count(len(differences), 'verdict')}: {what}"
    yield from (f"  {_one(one)}" for one in differences[:EXAMPLES])
    if (more := len(differences) - EXAMPLES) > 0:
        yield f"  and {more:,} more"


def _one(one: Difference) -> str:
    verdict = one.old or one.new
    assert verdict is not None
    when = render_instant(verdict.due) if verdict.due else verdict.folder
    told = " -> ".join(_said(side) for side in (one.old, one.new) if side is not None)
    return inert(f"{verdict.flow} / {verdict.dataset} / {verdict.destination} / {when}: {told}")


def _said(verdict: Verdict) -> str:
    return f"{verdict.arrival}, {verdict.content}"
