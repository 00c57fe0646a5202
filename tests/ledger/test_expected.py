"""Many expected runs of one place, audit after audit."""

from sqlalchemy import func, select

from auditor.ledger import Ledger
from auditor.ledger.schema import expected_runs
from tests.ledger.things import HOUR, NOON, run

MANY = 2001  # more than one portion of a transaction, and of a query


def test_thousands_of_runs_are_expected_again_and_again(ledger: Ledger) -> None:
    runs = [run(hour) for hour in range(MANY)]
    ledger.record_expected(runs, at=NOON)
    ledger.record_expected(runs, at=NOON + HOUR)
    ledger.record_expected([run(hour, grace=2 * HOUR) for hour in range(0, MANY, 3)], at=NOON + 2 * HOUR)
    c = expected_runs.c
    with ledger._reading() as connection:
        assert connection.execute(select(func.count()).where(c.first_expected_at == NOON)).scalar() == MANY
        assert connection.execute(select(func.count()).where(c.late_after == NOON + 2 * HOUR)).scalar() == 2
