"""The report in a few lines of plain text: for a message, or standard error."""

from collections.abc import Iterator

from auditor.report.completeness.judge import render_headline
from auditor.report.completeness.types import Balance, Completeness
from auditor.report.words import render_count


def render_summary(report: Completeness) -> str:
    """The sentence and both balances, a line each."""
    return "\n".join((render_headline(report), render_balance(report.balance), render_arrived(report.balance))) + "\n"


def render_balance(balance: Balance) -> str:
    """`744 expected = 740 on time + … `: every term, also zeros, so that it can be added up."""
    terms = (
        (balance.on_time, "on time"),
        (balance.early, "early"),
        (balance.late, "late"),
        (balance.missing, "missing"),
        (balance.not_needed, "not needed"),
        (balance.unknown, "unknown"),
        (balance.pending, "pending"),
        (balance.expired, "expired"),
    )
    return f"{balance.expected:,} expected = " + " + ".join(f"{number:,} {word}" for number, word in terms)


def render_arrived(balance: Balance) -> str:
    """What is there of those that came."""
    absent = f" (on time, early and late, without {balance.late_absent:,} overdue)" if balance.late_absent else ""
    return f"{balance.arrived:,} arrived{absent} = " + " + ".join(_arrived_terms(balance))


def _arrived_terms(balance: Balance) -> Iterator[str]:
    levels = balance.sound or {"L0": 0}
    yield from (f"{number:,} sound ({level})" for level, number in levels.items())
    yield f"{balance.incomplete:,} incomplete"
    yield f"{balance.damaged:,} damaged"
    yield f"{balance.unverifiable:,} unverifiable"
    yield f"{balance.unchecked:,} unchecked"


def render_waived_note(report: Completeness) -> str:
    """How much of what is wrong is put up with; empty if nothing is."""
    number = sum(report.waived_counts.values())
    return f"{render_count(number, 'run')} put up with: see the waivers." if number else ""
