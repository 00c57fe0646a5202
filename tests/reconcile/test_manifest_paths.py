"""Which entries of a manifest inside an export folder are about another export."""

from dataclasses import replace

import pytest

from auditor.model import ManifestEntry
from auditor.reconcile.manifests import what_is_told
from tests.reconcile.worlds import folder, manifest_of

ONE = "5ef3e324052581191aa6a466"
OTHER = "6504a2f1abf9b128d3f90e5d"


@pytest.mark.parametrize(
    "own, path, is_about",
    [
        (f"{ONE}_20261001_060000", f"/backups/{ONE}_20261001_060000", True),
        (f"{ONE}_20261001_060000", f"/backups/{OTHER}_20261001_060000", False),
        (f"{ONE}_20261001_060000", f"/backups/{ONE}_20261001_030000", False),
        (f"{ONE}/20261001_060000", f"/backups/{ONE}/20261001_030000", False),
        (f"{ONE}/exportTime=202610010600", f"/backups/{OTHER}", False),
        (f"{ONE}/exportTime=202610010600", "/destination/output001", True),
        (f"{ONE}/exportTime=202610010600", "/a-bucket-with-a-name-of-24", True),
    ],
)
def test_a_path_that_names_another_export_is_not_about_this_one(own, path, is_about):
    here = replace(folder("06:00"), prefix=f"backups/{own}/")
    manifest = replace(manifest_of(here), entries=(ManifestEntry(path, "part-1.json.gz", 5),))
    assert bool(what_is_told(here, (manifest,), "backups").entries) == is_about
