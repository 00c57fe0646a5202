"""What should exist: schedules become due times, due times become expected runs. Pure.

No clock and no I/O: every instant is an argument. Aware datetimes in any zone go in, UTC comes out.
"""

from auditor.expect.due import due_times, first_due, flow_end, last_due, next_due
from auditor.expect.rhythm import Gaps, default_max_age, nominal_gaps, run_kind
from auditor.expect.runs import expected_runs, watched_since

__all__ = [
    "Gaps",
    "default_max_age",
    "due_times",
    "expected_runs",
    "first_due",
    "flow_end",
    "last_due",
    "next_due",
    "nominal_gaps",
    "run_kind",
    "watched_since",
]
