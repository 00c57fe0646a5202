"""Random claims over random worlds: held against run records, the audit reports exactly what happened."""

import pytest

from auditor.worlds.platform import login_of
from tests.faults.measure import audit, judge
from tests.faults.random_claims import random_claims
from tests.service.auditing import verifier
from tests.worlds.crossed import serving

__all__ = ["verifier"]

SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_claims_and_faults_together(seed, tmp_path, verifier, tally):
    world, happened = random_claims(seed)
    with serving(world) as (platform, _):
        result = audit(world, tmp_path, verifier, platform=login_of(platform))
    found, told = judge(world, result, cross_checked=True)
    tally.add(found)
    assert not told, f"{happened}\n{told}"
