"""What is said of datasets that no enabled flow exports, and which of them are put up with. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from auditor.checks.protection import DATASET_UNPROTECTED
from auditor.model import Coverage, Finding, Standing, Waived, Waiver
from auditor.reconcile.subject import Subject
from auditor.reconcile.waivers import matches

PROTECTED = frozenset({Standing.PROTECTED, Standing.TWICE})
MOST_NAMED = 50  # datasets in the evidence of one finding


def mark_waived(lines: Iterable[Coverage], waivers: Sequence[Waiver], *, now: datetime) -> tuple[Coverage, ...]:
    """`lines`, with `waived` on each that is not protected and that a waiver of dataset-unprotected holds for."""
    holding = [waiver for waiver in waivers if now <= waiver.waived.until]
    return tuple(replace(line, waived=line.waived or _waived(line, holding)) for line in lines)


def find_unprotected(lines: Sequence[Coverage], waivers: Sequence[Waiver]) -> Iterator[Finding]:
    """DATASET_UNPROTECTED: one for each dataset that lost its protection, one for all of a sandbox that never had any.

    Of the latter, those that a waiver names stand for themselves, so that it fits them: also when it is over.
    """
    naming = [waiver for waiver in waivers if waiver.dataset != "*"]
    lumped: dict[str, list[Coverage]] = {}
    for line in lines:
        if line.standing is Standing.NO_LONGER or (line.standing is Standing.NEVER and _fits(line, naming)):
            yield _of_one(line)
        elif line.standing is Standing.NEVER:
            lumped.setdefault(line.platform, []).append(line)
    for platform, never in lumped.items():
        yield _of_many(platform, never)


def list_unsure(lines: Iterable[Coverage], waivers: Iterable[Waiver], *, now: datetime) -> tuple[Waiver, ...]:
    """Waivers that hold, for a dataset of which it could not be told how it stands: whether they fit is not known."""
    unknown = [line for line in lines if line.standing is Standing.UNKNOWN]
    return tuple(one for one in waivers if now <= one.waived.until and any(_fits(line, [one]) for line in unknown))


def names_of(lines: Iterable[Coverage]) -> Mapping[str, str]:
    """Dataset id to its name in Experience Platform."""
    return {line.dataset: line.name for line in lines if line.name}


def _waived(line: Coverage, holding: Sequence[Waiver]) -> Waived | None:
    if line.standing in PROTECTED:
        return None
    return next((waiver.waived for waiver in holding if _fits(line, [waiver])), None)


def _fits(line: Coverage, waivers: Sequence[Waiver]) -> bool:
    names = {line.dataset: line.name} if line.name else {}
    return any(matches(waiver, _of_one(line), names) for waiver in waivers)


def _of_one(line: Coverage) -> Finding:
    name = f"{line.name} ({line.dataset})" if line.name else line.dataset
    return Subject("", dataset=line.dataset).finding(
        DATASET_UNPROTECTED,
        f"{name} in {line.platform} is in no enabled flow. {line.reason}",
        evidence={
            "experience_platform": line.platform,
            "standing": line.standing.value,
            "flows": list(line.flows[:MOST_NAMED]),
            "newest_sound": f"{line.newest_sound:%Y-%m-%dT%H:%M:%SZ}" if line.newest_sound else None,
        },
    )


def _of_many(platform: str, lines: Sequence[Coverage]) -> Finding:
    count = len(lines)
    are = "1 dataset of" if count == 1 else f"{count:,} datasets of"
    return Subject("").finding(
        DATASET_UNPROTECTED,
        f"{are} {platform} can be exported, and no flow exports {'it' if count == 1 else 'them'}.",
        key=f"Experience Platform {platform}",
        evidence={
            "experience_platform": platform,
            "standing": Standing.NEVER.value,
            "count": count,
            "datasets": [f"{line.name} ({line.dataset})" if line.name else line.dataset for line in lines[:MOST_NAMED]],
            "left_out": max(0, count - MOST_NAMED),
        },
    )
