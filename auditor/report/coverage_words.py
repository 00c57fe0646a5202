"""How datasets stand with their protection, in words and in order: worst first, for every report alike. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from auditor.model import Coverage, Standing
from auditor.report.standing import Standing as Mood
from auditor.report.words import render_count

ORDER = (
    Standing.NOTHING_SOUND,
    Standing.NO_LONGER,
    Standing.NEVER,
    Standing.UNKNOWN,
    Standing.TWICE,
    Standing.PROTECTED,
)
"""Worst first. What is waived stands between what is not known and what is protected."""
WORDS = {
    Standing.NOTHING_SOUND: "nothing sound",
    Standing.NO_LONGER: "no longer",
    Standing.NEVER: "never",
    Standing.UNKNOWN: "unknown",
    Standing.TWICE: "twice",
    Standing.PROTECTED: "protected",
}
LEGEND = (
    "nothing sound: a flow runs, and no sound export lands. no longer: an earlier flow is gone, over or disabled. "
    "never: no flow exports it. unknown: could not be told. twice: by more than one flow. waived: put up with."
)
GOOD = frozenset({Standing.PROTECTED, Standing.TWICE})


def mood_of(line: Coverage) -> Mood:
    """The symbol that a line is shown with."""
    if line.standing in GOOD:
        return Mood.GOOD
    if line.waived:
        return Mood.WAIVED
    return Mood.UNKNOWN if line.standing is Standing.UNKNOWN else Mood.ATTENTION


def word_of(line: Coverage) -> str:
    """How it stands, in a word; `waived` where it is put up with."""
    return "waived" if mood_of(line) is Mood.WAIVED else WORDS[line.standing]


def worst_first(lines: Iterable[Coverage]) -> list[Coverage]:
    """`lines` by how they stand, then by sandbox and name."""
    waived = ORDER.index(Standing.UNKNOWN) + 0.5

    def rank(line: Coverage) -> float:
        return waived if mood_of(line) is Mood.WAIVED else ORDER.index(line.standing)

    return sorted(lines, key=lambda line: (rank(line), line.platform, line.name.casefold(), line.name, line.dataset))


def count_standings(lines: Iterable[Coverage]) -> dict[str, int]:
    """How many stand how, by word, worst first; what is waived apart."""
    counts = Counter(map(word_of, lines))
    return {word: counts[word] for word in (*(WORDS[one] for one in ORDER[:4]), "waived", "twice", "protected")}


def render_coverage_sentence(lines: Sequence[Coverage]) -> str:
    """`38 of 44 datasets are protected (2 of them twice); 3 no longer, 2 never, 1 unknown.`"""
    counts = count_standings(lines)
    twice = counts["twice"]
    good = counts["protected"] + twice
    total = len(lines)
    also = f" ({twice:,} of them twice)" if twice else ""
    told = f"{good:,} of {render_count(total, 'dataset')} {'is' if total == 1 else 'are'} protected{also}"
    rest = [f"{count:,} {word}" for word, count in counts.items() if count and word not in ("twice", "protected")]
    return "; ".join(filter(None, (told, ", ".join(rest)))) + "."


def render_rest(left_out: Sequence[Coverage]) -> str:
    """`and 37 more datasets (2 twice, 35 protected)`."""
    kinds = ", ".join(f"{count:,} {word}" for word, count in count_standings(left_out).items() if count)
    return f"and {render_count(len(left_out), 'more dataset')} ({kinds})"
