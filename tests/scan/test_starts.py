"""Where a repeat listing begins: nothing exported since may lie before it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Dataset
from auditor.scan.starts import start_of
from tests.scan.making import CRM, WEB, at, layout

SINCE = at("2026-10-01T03:00:30")


def start(prefix: str, *templates: str, datasets=(WEB, CRM), folder="") -> str:
    return start_of(prefix, [layout(t, *datasets, folder=folder) for t in templates], SINCE)


@pytest.mark.parametrize(
    "template, prefix, begins",
    [
        ("%DATASET_ID%/%EXPORT_TIME%", f"{WEB}/", f"{WEB}/exportTime=202610010259/"),
        ("a/%DATASET_ID%/x-%EXPORT_TIME%-y", f"a/{WEB}/", f"a/{WEB}/x-exportTime=202610010259/"),
        ("%DATASET_ID%/%DATETIME(YYYYMMddHHmmss)%", f"{WEB}/", f"{WEB}/202610010259/"),
        ("%DATASET_ID%/%DATETIME(YYYY/MM/dd/HH-mm)%", f"{WEB}/", f"{WEB}/2026/10/01/02-59/"),
        ("%DATASET_ID%/t/%DATETIME(YYYY-MM-dd)%/%DATETIME(HHmm)%", f"{WEB}/", f"{WEB}/t/2026-10-01/0259/"),
        ("%EXPORT_TIME%/%DATASET_ID%", "", "exportTime=202610010259/"),
    ],
)
def test_a_listing_begins_a_minute_before(template, prefix, begins):
    assert start(prefix, template) == begins


@pytest.mark.parametrize(
    "template, prefix",
    [
        ("%DATASET_ID%/%DATETIME(ddMMYYYYHHmm)%", f"{WEB}/"),
        ("%DATASET_ID%/%DATETIME(HHmm)%/%DATETIME(YYYYMMdd)%", f"{WEB}/"),
        ("%DATASET_ID%/%DESTINATION%/%EXPORT_TIME%", f"{WEB}/"),
        ("%DATASET_ID%/%DATETIME(YYYY)%/%EXPORT_TIME%", f"{WEB}/"),  # need not agree with the export time
        ("%DATASET_ID%/é-%EXPORT_TIME%", f"{WEB}/"),  # may be stored in another Unicode form
        ("%DATASET_ID%_%EXPORT_TIME%", f"{WEB}_exportTime=202610010300/"),
        ("%DATASET_ID%_%EXPORT_TIME%", ""),
    ],
)
def test_where_names_do_not_sort_by_time_nothing_is_left_out(template, prefix):
    assert start(prefix, template) == ""


def test_the_flow_whose_exports_may_lie_earliest_decides():
    one, other = "%DATASET_ID%/%EXPORT_TIME%", "%DATASET_ID%/a-%DATETIME(YYYYMMddHHmm)%"
    assert start(f"{WEB}/", one, other) == start(f"{WEB}/", other) == f"{WEB}/a-202610010259/"
    assert start(f"{WEB}/", one, "%DATASET_ID%/%DESTINATION%/%EXPORT_TIME%") == ""


def test_a_flow_that_lies_elsewhere_decides_nothing():
    one, elsewhere = "a/%DATASET_ID%/%EXPORT_TIME%", "b/%DATASET_ID%/%DESTINATION%_%EXPORT_TIME%"
    assert start(f"a/{WEB}/", one, elsewhere) == f"a/{WEB}/exportTime=202610010259/"
    assert start("", one, folder="inside") == "", "what lies above the folder path says nothing"


MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001


@given(
    st.sampled_from(
        ["%DATASET_ID%/%EXPORT_TIME%", "%DATASET_ID%/%DATETIME(YYYY/MM/dd)%/n%DATETIME(HH.mm)%-%DATASET_NAME%"]
    ),
    MOMENTS,
    MOMENTS | st.timedeltas(timedelta(0), timedelta(hours=3)),
    st.sampled_from([12, 14]),
    st.sampled_from(["", "/", "/part-00000.json.gz", "_$folder$"]),
)
def test_every_name_of_that_time_or_later_comes_after_the_start(template, since, other, digits, end):
    made = layout(template, Dataset(WEB, "Ökologie \U0001f600"))
    export_time = since + other if isinstance(other, timedelta) else max(since, other)
    key = made.render(WEB, export_time, digits=digits).rstrip("/") + end
    begins = start_of(f"{WEB}/", [made], since)
    assert begins
    if export_time.replace(second=0, microsecond=0) >= since.replace(second=0, microsecond=0):
        assert key > begins
        assert key.encode() > begins.encode(), "stores sort by bytes"
