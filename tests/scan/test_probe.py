"""Folders that no flow asks for and that were meant for exports all the same."""

import pytest

from auditor.scan import MalformedFolder
from tests.scan.making import CRM, PART, WEB, flow, scanned

ONE_NAME = "x/%DATASET_ID%_%DATETIME(YYYYMMdd_HHmmss)%"


@pytest.mark.parametrize("template, lead", [(ONE_NAME, "x/"), ("%DATASET_ID%/%EXPORT_TIME%", "")])
def test_data_in_a_folder_that_names_a_time_and_no_dataset_is_malformed(template, lead):
    prefix = f"{lead}exportTime=2026-10-05 (copy)/"
    scan, _ = scanned([prefix + PART, prefix + "b.json.gz"], flow(template), flow(template, WEB, CRM, name="g"))
    (malformed,) = scan.malformed
    assert malformed == MalformedFolder(prefix, malformed.why, 1)


@pytest.mark.parametrize("name", ["logs_20261001/notes.txt", "reports/a.json", "exportTime=202610050000.tmp/a.json"])
def test_other_folders_beside_exports_are_left_alone(name):
    scan, _ = scanned([f"x/{name}"], flow(ONE_NAME))
    assert (scan.malformed, scan.unknown_datasets) == ((), {})


def test_hidden_folders_that_a_free_part_of_the_template_would_take_hold_no_strays():
    keys = ["_$azuretmpfolder$/a.json.gz", ".snapshot/b.txt", "prod/c.txt"]
    scan, _ = scanned(keys, flow("%SANDBOX_NAME%/%DATASET_ID%/%EXPORT_TIME%"))
    assert (scan.strays.count, scan.strays.first) == (1, ("prod/c.txt",))
