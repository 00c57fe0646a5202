"""Expected findings against found ones, as multisets. Pure: plain mappings with the keys of the audit's JSON."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Facts: TypeAlias = Mapping[str, object]

IDENTITY = ("code", "severity", "flow", "dataset", "destination", "due")


@dataclass(frozen=True, slots=True)
class Difference:
    """What the audit should have found and did not, and what it found and should not have."""

    missed: tuple[Facts, ...]
    invented: tuple[Facts, ...]
    matched: int

    @property
    def equal(self) -> bool:
        return not self.missed and not self.invented


def compare_findings(expected: Iterable[Facts], found: Iterable[Facts]) -> Difference:
    """Pair each expected finding with one found one: same code, severity, subject and due time.

    An expected `key` must be equal too; without one, any key will do. "" and null mean the same.
    """
    left: dict[tuple[str, ...], list[Facts]] = {}
    for finding in found:
        left.setdefault(_identity(finding), []).append(finding)
    missed: list[Facts] = []
    matched = 0
    for wanted in sorted(expected, key=lambda facts: "key" not in facts):  # those with a key choose first
        candidates = left.get(_identity(wanted), [])
        partner = next((c for c in candidates if "key" not in wanted or c.get("key") == wanted["key"]), None)
        if partner is None:
            missed.append(wanted)
        else:
            candidates.remove(partner)
            matched += 1
    invented = [finding for candidates in left.values() for finding in candidates]
    return Difference(_in_order(missed), _in_order(invented), matched)


def render_difference(difference: Difference) -> str:
    """Readable lines: what was missed (-) and what was invented (+). Names are escaped: they come from outside."""
    lines = [f"{difference.matched} as expected, {len(difference.missed)} missed, {len(difference.invented)} invented"]
    lines += [f"- missed:   {_line(facts, 'note')}" for facts in difference.missed]
    lines += [f"+ invented: {_line(facts, 'message')}" for facts in difference.invented]
    return "\n".join(lines) + "\n"


def _identity(facts: Facts) -> tuple[str, ...]:
    return tuple(str(facts.get(name) or "") for name in IDENTITY)


def _in_order(findings: Iterable[Facts]) -> tuple[Facts, ...]:
    return tuple(sorted(findings, key=lambda facts: (*_identity(facts), str(facts.get("key") or ""))))


def _line(facts: Facts, remark: str) -> str:
    told = {name: facts[name] for name in (*IDENTITY, "key", remark) if facts.get(name)}
    return json.dumps(told, ensure_ascii=True, default=str)
