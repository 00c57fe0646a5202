"""The catalogue: codes that never change, sentences for people who restore."""

import re
from pathlib import Path

import pytest

from auditor.checks import (
    CATALOGUE,
    FAMILIES,
    access,
    arrival,
    file,
    flow,
    integrity,
    layout,
    manifest,
    protection,
    schema,
    waiver,
)
from auditor.checks.reference import render_reference
from auditor.model import FindingType

TOP = Path(__file__).parents[2]

PROMISED = {
    "critical": "protection-stale mass-loss",
    "error": "export-missing destination-empty manifest-missing manifest-unreadable manifest-file-missing "
    "manifest-size-mismatch file-empty file-truncated file-corrupt file-wrong-format record-invalid flow-ended "
    "run-failed run-without-export flow-disabled export-changed export-deleted",
    "warning": "export-late export-unexpected export-duplicate export-stuck folder-malformed folder-empty "
    "unknown-dataset manifest-duplicate manifest-file-extra manifest-run-mismatch file-wrong-compression "
    "file-duplicate file-unverifiable file-archived schema-mismatch schema-changed destination-unreachable "
    "access-denied credential-expired clock-skew notices-undelivered waiver-expired "
    "dataset-unprotected flow-ending credential-expiring export-expiring "
    "run-stuck export-without-run record-count-mismatch file-count-mismatch byte-count-mismatch "
    "protection-weakened flow-unmatched flow-service-unreachable",
    "info": "export-early file-no-records stray-object waiver-unused flow-differs",
}
VERBS = {
    "add", "bring", "check", "compare", "export", "grant", "have", "look", "move", "open", "read", "renew", "restore",
    "set", "synchronise", "wait",
}  # fmt: skip

ENTRIES = [pytest.param(entry, id=code) for code, entry in CATALOGUE.items()]


def test_every_code_has_the_severity_that_was_promised():
    promised = {code: level for level, codes in PROMISED.items() for code in codes.split()}
    assert {code: str(entry.severity) for code, entry in CATALOGUE.items()} == promised


@pytest.mark.parametrize(
    "module", [access, arrival, file, flow, integrity, layout, manifest, protection, schema, waiver]
)
def test_a_constant_is_named_as_its_code_and_its_module_as_its_family(module):
    entries = {name: value for name, value in vars(module).items() if isinstance(value, FindingType)}
    family = module.__name__.rsplit(".", 1)[-1]
    assert [entry.code.upper().replace("-", "_") for entry in entries.values()] == list(entries)
    assert {entry.family for entry in entries.values()} == {family}
    assert FAMILIES[family] == tuple(entries.values())


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_says_what_it_means_and_what_to_do(entry):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", entry.code)
    assert re.fullmatch(r"\d+\.\d+\.\d+", entry.since)
    for sentence in (entry.meaning, entry.why, entry.remedy):
        assert re.fullmatch(r"[A-Z][^\n]{20,}\.", sentence)
        assert "  " not in sentence
    assert not re.search(r"[.!?] [A-Z]", entry.meaning), "meaning is one sentence"
    assert len(entry.causes) >= 1
    assert all(len(cause) >= 15 and not cause.endswith(".") for cause in entry.causes)
    assert entry.remedy.split()[0].lower() in VERBS


def test_no_sentence_is_written_twice_for_two_meanings():
    meanings = [entry.meaning for entry in CATALOGUE.values()]
    assert len(set(meanings)) == len(meanings)


def test_the_reference_page_is_the_one_of_the_catalogue():
    page = (TOP / "docs" / "reference" / "findings.md").read_text(encoding="utf-8")
    assert page == render_reference(), "run: python -m auditor.checks.reference > docs/reference/findings.md"
