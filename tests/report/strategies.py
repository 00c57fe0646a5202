"""Random words of the model: any text a name may be, any evidence, any audit whose runs are told apart."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from auditor.checks import CATALOGUE
from auditor.model import (
    Arrival,
    AuditResult,
    Care,
    Claim,
    Compression,
    Content,
    Counts,
    Coverage,
    Ending,
    Fault,
    FileCheck,
    FileFormat,
    Finding,
    Level,
    Look,
    RunState,
    Severity,
    Standing,
    Status,
    Unverifiable,
    Verdict,
    Waived,
    Watched,
)

# A busy machine is slow, not wrong.
QUICK = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])

HOSTILE = (
    "[bold red]x[/]",
    "[link=https://example.com]x[/link]",
    "\x1b[2J\x1b[31m",
    "\x9b31m",
    "a\nb",
    "a\r\nb\tc",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "\u200b",
    "\udcff\udc80",
    "\ud800",
    "\ufeffx",
    "名前" * 40,
    "e\u0301",
    "👩‍👩‍👧",
    "x" * 300,
    "..",
    ":smile:",
    "\\",
    "\\udc80",
    '"',
    "</script>",
    "\x00",
    "\u2028",
    "=1+1",
)

# Surrogates included: a name on a file system need not be valid Unicode.
names = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40), st.text(st.characters(), max_size=8))
instants = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
counts = st.integers(min_value=0, max_value=10**15)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), names)
evidence = st.dictionaries(names, st.one_of(scalars, st.lists(scalars, max_size=3)), max_size=9)
codes = st.sampled_from(sorted(CATALOGUE))
cares = st.builds(Care, owner=names, team=names, tags=st.tuples(names), runbook=names)
waivers = st.builds(Waived, reason=names, by=names, until=instants)
findings = st.builds(
    Finding,
    code=codes,
    severity=st.sampled_from(Severity),
    message=names,
    destination=names,
    flow=names,
    dataset=names,
    due=st.none() | instants,
    key=names,
    evidence=evidence,
    waived=st.none() | waivers,
)
unverifiables = st.builds(
    Unverifiable,
    subject=names,
    reason=names,
    destination=names,
    flow=names,
    dataset=names,
    due=st.none() | instants,
)
numbers = st.builds(Counts, records=st.none() | counts, files=st.none() | counts, bytes=st.none() | counts)
claims = st.builds(
    Claim,
    state=st.sampled_from(RunState),
    runs=st.lists(names, max_size=2).map(tuple),
    read=numbers,
    written=numbers,
    started=st.none() | instants,
    ended=st.none() | instants,
    errors=st.lists(names, max_size=2).map(tuple),
    reason=names,
    new_batches=st.none() | counts,
)
coverages = st.builds(
    Coverage,
    platform=names,
    dataset=names,
    name=names,
    standing=st.sampled_from(Standing),
    flows=st.lists(names, max_size=2).map(tuple),
    newest_sound=st.none() | instants,
    reason=names,
    waived=st.none() | waivers,
)
endings = st.builds(
    Ending,
    when=instants,
    code=st.sampled_from(
        [
            "flow-ending",
            "flow-disabled",
            "export-expiring",
            "credential-expiring",
            "credential-renewed",
            "of-the-future",
        ]
    ),
    subject=names,
    source=names,
    flow=names,
    dataset=names,
    destination=names,
    platform=names,
    day_only=st.booleans(),
)
verdicts = st.builds(
    Verdict,
    flow=names,
    dataset=names,
    destination=names,
    due=st.none() | instants,
    arrival=st.sampled_from(Arrival),
    content=st.sampled_from(Content),
    level=st.none() | st.sampled_from(Level),
    arrived_at=st.none() | instants,
    folder=names,
    files=counts,
    records=st.none() | counts,
    bytes=counts,
    unprotected=counts,
    findings=st.lists(findings, max_size=2).map(tuple),
    unverifiable=st.lists(unverifiables, max_size=2).map(tuple),
    claim=st.none() | claims,
)


@st.composite
def audits(draw: st.DrawFn) -> AuditResult:
    """An audit that keeps the model's promises: unexpected runs alone have no due time, findings hold those of runs."""
    runs = tuple(
        run for run in draw(st.lists(verdicts, max_size=6)) if (run.due is None) == (run.arrival is Arrival.UNEXPECTED)
    )
    of_runs = tuple(finding for run in runs for finding in run.findings)
    watched = draw(st.lists(st.builds(Watched, flow=names, since=instants), max_size=3))
    return AuditResult(
        now=draw(instants),
        watched_from=min((w.since for w in watched), default=None),
        status=draw(st.sampled_from(Status)),
        runs=runs,
        findings=of_runs + tuple(draw(st.lists(findings, max_size=4))),
        unverifiable=tuple(draw(st.lists(unverifiables, max_size=3))),
        watched=tuple(watched),
        files_read=draw(counts),
        files_reused=draw(counts),
        bytes_read=draw(counts),
        looks=tuple(draw(st.lists(st.builds(Look, names, names, st.none() | instants), max_size=2))),
        names=draw(st.dictionaries(names, names, max_size=3)),
        coverage=tuple(draw(st.lists(coverages, max_size=3))),
        endings=tuple(draw(st.lists(endings, max_size=3))),
        care=draw(st.dictionaries(st.tuples(names, names), cares, max_size=3)),
    )


faults = st.builds(Fault, code=codes, message=names, evidence=evidence)
file_checks = st.builds(
    FileCheck,
    key=names,
    content=st.sampled_from([Content.SOUND, Content.DAMAGED, Content.UNVERIFIABLE, Content.UNCHECKED]),
    level=st.sampled_from(Level).filter(lambda level: level < Level.L5),
    format=st.none() | st.sampled_from(FileFormat),
    compression=st.none() | st.sampled_from(Compression),
    records=st.none() | counts,
    faults=st.lists(faults, max_size=3).map(tuple),
    reason=names,
)
