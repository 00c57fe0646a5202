"""What a file is, by its name alone."""

import pytest

from auditor.scan import FileKind, SparkName, file_kind, run_id_in_name, spark_name
from tests.scan.making import PART

CASES = [
    ("data", PART),
    ("data", "part-00000.json.gz"),
    ("data", "part-00000.json.gz.pgp"),
    ("data", "part-00000"),
    ("data", "x.json"),
    ("data", "X.JSON.GZ"),
    ("data", "x.snappy.parquet"),
    ("data", "deeper/levels/x.gz.parquet"),
    ("data", "a b+%20\x01\n..json"),
    ("data", "../../x.json"),
    ("manifest", "manifest-a-b.json"),
    ("manifest", "deeper/MANIFEST-1.JSON"),
    ("temporary", "part-00000.json.gz.tmp"),
    ("temporary", "part-00000.json.gz.part"),
    ("temporary", "x.filepart"),
    ("temporary", "_temporary/0/part-00000.json.gz"),
    ("temporary", "_temporary/"),
    ("temporary", ".azDownload-1b2c-part-00000.json.gz"),
    ("temporary", "x.json._COPYING_"),
    ("ignored", "_SUCCESS"),
    ("ignored", "_started_6351713407229798623"),
    ("ignored", "_committed_6351713407229798623"),
    ("ignored", ".part-00000.json.gz.crc"),
    ("ignored", "_delta_log/00000.json"),
    ("ignored", "_$azuretmpfolder$/x"),
    ("ignored", "_manifest-1.json"),
    ("marker", ""),
    ("marker", "deeper/"),
    ("marker", "deeper_$folder$"),
    ("stray", "readme.txt"),
    ("stray", "x.json.bak"),
    ("stray", "partial"),
    ("stray", "manifest.txt"),
    ("stray", "json"),
]


@pytest.mark.parametrize("kind, rest", CASES)
def test_file_kind(kind, rest):
    assert file_kind(rest) is FileKind(kind)


def test_the_name_of_a_part_says_who_wrote_it():
    uuid = "174d2b9b-87e8-4c29-8a76-ec05b444f26a"
    assert spark_name(PART) == SparkName(0, "6351713407229798623", uuid, 102384, 1)
    assert spark_name("part-00001-tid--17-" + uuid + "-3-2-c001.json.gz") == SparkName(1, "-17", uuid, 3, 2)
    assert spark_name("part-00001.json.gz") is None


RUN = "0ac8f3c0-29bd-40aa-82c1-f1b7e0657b19"
RUN_IDS = [
    (f"manifest-6f1a0a7e-94a1-4f1d-9e8c-0a8f7d1d3c55-{RUN}.json", RUN),
    (f"manifest-destination-{RUN.upper()}.json", RUN),
    (f"manifest-{RUN}.json", RUN),
    ("manifest-a-b.json", ""),
    (f"other-{RUN}.json", ""),
]


@pytest.mark.parametrize("name, run", RUN_IDS)
def test_the_name_of_a_manifest_says_its_run(name, run):
    assert run_id_in_name(name) == run
