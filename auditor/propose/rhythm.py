"""Export times -> the schedules that best explain them. Pure; times are whole UTC seconds since 1970.

A rhythm is judged by what it leaves unexplained: exports that fit no due time, and due times without an
export. Missing runs, second deliveries and on-demand exports cost little each; a schedule that was edited
shows as one rhythm becoming cheaper than another from some export on.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

_HOUR = 3600
_DAY = 24 * _HOUR
_QUARTER = 15 * 60
_EARLY = 10 * 60  # as far before its due time an audit still takes an export for its own
STEPS = (*(n * _HOUR for n in range(1, 25)), 2 * _DAY, 3 * _DAY, 7 * _DAY)
"""`hour` with any interval, `day` with 1; more days were never documented and do no harm."""

LEAST = 4  # exports at even distances; fewer could be chance
_LEAST_OF_PART = 8  # of one of several schedules: among many possible cuts, chance has more room
RECENT = 2_000  # newest exports looked at: eight months of every three hours
_EXPLAINED = 0.7  # least share, see `Stretch.share`
_PART_EXPLAINED = 0.8
_WINDOW = 16  # exports looked at together while guessing
_WINDOWS = 40
_GUESSES = 10
_SWITCH = 6  # a change of schedule must explain this much more than none
_LONGEST_GAP = 4  # a pause counts as this many missing runs, however long it was


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Due at phase + n × step. A stamp up to `reach` after a due time belongs to it, or a little before it."""

    step: int
    phase: int
    reach: int

    def slot(self, stamp: int) -> int:
        return (stamp - self.phase + _EARLY) // self.step

    def due(self, slot: int) -> int:
        return self.phase + slot * self.step

    def fits(self, stamp: int) -> bool:
        return (stamp - self.phase + _EARLY) % self.step <= self.reach + _EARLY


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span of exports that one rhythm explains."""

    rhythm: Rhythm
    stamps: tuple[int, ...]
    matched: dict[int, int]  # due time -> the first stamp that belongs to it
    whole: bool = True  # there is no other stretch

    @property
    def first(self) -> int:
        return min(self.matched)

    @property
    def last(self) -> int:
        return max(self.matched)

    @property
    def due(self) -> int:
        """Due times from the first export to the last."""
        return (self.last - self.first) // self.rhythm.step + 1 if self.matched else 0

    @property
    def beside(self) -> tuple[int, ...]:
        """Stamps that belong to no due time, or came second."""
        firsts = set(self.matched.values())
        return tuple(stamp for stamp in self.stamps if stamp not in firsts)

    @property
    def share(self) -> float:
        """How much of exports and due times agree, 0 to 1 (Sørensen-Dice)."""
        return 2 * len(self.matched) / (len(self.stamps) + self.due) if self.matched else 0.0

    @property
    def clear(self) -> bool:
        least, share = (LEAST, _EXPLAINED) if self.whole else (_LEAST_OF_PART, _PART_EXPLAINED)
        return len(self.matched) >= least and self.share >= share


def find_stretches(stamps: Sequence[int]) -> list[Stretch]:
    """The spans of different rhythm, oldest first, clear or not. `stamps` ascending; only the newest count."""
    recent = sorted(set(stamps[-RECENT:]))
    guesses = _guess(recent)
    if not guesses:
        return []
    parts = list(_divide(recent, guesses))
    made = (_stretch(part, guess.step) or Stretch(guess, tuple(part), {}) for part, guess in parts)
    return [replace(stretch, whole=len(parts) == 1) for stretch in made]


def _stretch(stamps: Sequence[int], step: int) -> Stretch | None:
    rhythm = _fit(stamps, step)
    if rhythm is None:
        return None
    matched: dict[int, int] = {}
    for stamp in stamps:
        if rhythm.fits(stamp):
            matched.setdefault(rhythm.due(rhythm.slot(stamp)), stamp)
    return Stretch(rhythm, tuple(stamps), matched) if matched else None


def _guess(stamps: Sequence[int]) -> list[Rhythm]:
    """Rhythms of short spans all over the history, those met most often, and those of all and of the newest."""
    if len(stamps) < LEAST:
        return []
    stride = max(1, len(stamps) // _WINDOWS)
    windows = [stamps[n : n + _WINDOW] for n in range(0, max(1, len(stamps) - _WINDOW + 1), stride)]
    local = [guess for window in windows if (guess := _best(window))]
    always = [guess for span in (stamps, stamps[-_WINDOW:], stamps[-_LEAST_OF_PART:]) if (guess := _best(span))]
    often = [guess for guess, _ in Counter(local).most_common(_GUESSES)]
    return list(dict.fromkeys([*always, *often]))


def _best(stamps: Sequence[int]) -> Rhythm | None:
    made = [one for step in STEPS if (one := _stretch(stamps, step))]
    best = max(made, key=lambda one: (one.share, one.rhythm.step), default=None)
    return best.rhythm if best else None


def _fit(stamps: Sequence[int], step: int) -> Rhythm | None:
    """The phase at which `step` explains most stamps."""
    if stamps[-1] - stamps[0] < (LEAST - 2) * step:
        return None
    width = min(step // 4, _HOUR)
    residues = sorted(stamp % step for stamp in stamps)
    around = [*residues, *(one + step for one in residues)]
    counts = [bisect_right(around, around[n] + width) - n for n in range(len(residues))]
    start = max(range(len(residues)), key=lambda n: (counts[n], -n))
    inside = around[start : start + counts[start]]
    low = _floor(inside)
    return Rhythm(step, low % step, min(width + _QUARTER, step // 2))


def _floor(inside: Sequence[int]) -> int:
    """The due time that the stamps of a cluster were written for or after.

    Stamps that are all the same minute, one that people choose, are taken at their word. Others carry the
    delay of the run: they are counted from the quarter of an hour before the earliest usual one. A due time
    some minutes too early changes nothing that an audit says: its grace is hours.
    """
    low = _usual_low(inside)
    most, times = Counter(inside).most_common(1)[0]
    if most % 300 == 0 and times >= 0.9 * len(inside):
        return most
    return low - low % _QUARTER


def _usual_low(inside: Sequence[int]) -> int:
    """The least of those nine tenths of the cluster that lie closest together: stragglers in front do not count."""
    count = len(inside) - len(inside) // 10
    return inside[min(range(len(inside) - count + 1), key=lambda n: inside[n + count - 1] - inside[n])]


def _divide(stamps: Sequence[int], guesses: Sequence[Rhythm]) -> Iterator[tuple[Sequence[int], Rhythm]]:
    """The cheapest way to explain every stamp by one guess, where changing between guesses has its price."""
    costs = [0.0 if guess.fits(stamps[0]) else 1.0 for guess in guesses]
    came_from: list[list[int]] = []
    for before, stamp in pairwise(stamps):
        cheapest = min(range(len(guesses)), key=costs.__getitem__)
        switched = costs[cheapest] + _SWITCH
        origin = [n if costs[n] < switched else cheapest for n in range(len(guesses))]  # of equals, the later change
        costs = [
            min(costs[n], switched) + _cost(guess, before, stamp, changed=origin[n] != n)
            for n, guess in enumerate(guesses)
        ]
        came_from.append(origin)
    here = min(range(len(guesses)), key=costs.__getitem__)
    path = [here]
    for origin in reversed(came_from):
        path.append(here := origin[here])
    path.reverse()
    begin = 0
    for n in range(1, len(stamps) + 1):
        if n == len(stamps) or path[n] != path[begin]:
            yield stamps[begin:n], guesses[path[begin]]
            begin = n


def _cost(rhythm: Rhythm, before: int, stamp: int, *, changed: bool) -> float:
    gap = 0 if changed else max(0, rhythm.slot(stamp) - rhythm.slot(before) - 1)
    second = rhythm.slot(stamp) == rhythm.slot(before) and not changed
    return min(gap, _LONGEST_GAP) + (0 if rhythm.fits(stamp) and not second else 1)
