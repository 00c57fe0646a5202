"""Folder names mean a dataset and a time, and back."""

import string
from datetime import UTC
from unicodedata import normalize

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from auditor.model import Dataset
from auditor.scan import Above, Foreign, Malformed, Placed, TemplateError, parse_template
from tests.scan.making import CRM, OTHER, PART, T1, WEB, at, layout

REAL = [  # shaped as real exports in public listings
    ("cmle/egress", CRM, "exportTime=20240405230601", "2024-04-05T23:06:01"),
    ("take2", OTHER, "exportTime=20230919232925", "2023-09-19T23:29:25"),
    ("", CRM, "exportTime=202404052306", "2024-04-05T23:06"),
    ("_hidden/.deep", CRM, "exportTime=202404052306", "2024-04-05T23:06"),
]


@pytest.mark.parametrize("folder, dataset, name, moment", REAL)
def test_real_keys_are_placed(folder, dataset, name, moment):
    prefix = f"{folder}/{dataset}/{name}/".lstrip("/")
    placed = layout("%DATASET_ID%/%EXPORT_TIME%", CRM, OTHER, folder=folder).place(prefix + PART)
    assert placed == Placed(dataset, at(moment), prefix, PART)


def test_levels_below_the_export_folder_belong_to_it():
    prefix = f"{WEB}/{T1}/"
    assert layout().place(prefix + "deeper/../x\n.json") == Placed(WEB, at("2026-10-01"), prefix, "deeper/../x\n.json")


MALFORMED = [  # key, folder at fault, why
    (f"{WEB}/exportTime=2026-10-01/x.json", f"{WEB}/exportTime=2026-10-01/", "12 or 14 digits"),
    (f"{WEB}/exportTime=2026100100000/x.json", f"{WEB}/exportTime=2026100100000/", "13 digits"),
    (f"{WEB}/exportTime=٢٠٢٦١٠٠١٠٠٠٠/x.json", f"{WEB}/exportTime=٢٠٢٦١٠٠١٠٠٠٠/", "12 or 14 digits"),
    (f"{WEB}/exportTime=202613010000/x.json", f"{WEB}/exportTime=202613010000/", "month"),
    (f"{WEB}/exportTime=202602300000/x.json", f"{WEB}/exportTime=202602300000/", "day"),
    (f"{WEB}/exportTime=202610012400/x.json", f"{WEB}/exportTime=202610012400/", "hour"),
    (f"{WEB}/exportTime=202610010000 /x.json", f"{WEB}/exportTime=202610010000 /", "12 or 14 digits"),
    (f"{WEB}/ExportTime=202610010000/x.json", f"{WEB}/ExportTime=202610010000/", "no exportTime="),
    (f"{WEB}/copy/x.json", f"{WEB}/copy/", "no exportTime="),
    (f"{WEB.upper()}/{T1}/x.json", f"{WEB.upper()}/", "not a dataset id"),
    (f"{WEB[:-1]}/{T1}/x.json", f"{WEB[:-1]}/", "not a dataset id"),
]


@pytest.mark.parametrize("key, prefix, why", MALFORMED)
def test_what_looks_like_an_export_folder_and_is_none(key, prefix, why):
    placed = layout().place(key)
    assert isinstance(placed, Malformed)
    assert placed.prefix == prefix
    assert why in placed.why
    assert prefix.split("/")[-2] not in placed.why


def test_what_is_not_of_the_layout():
    one = layout(folder="backups")
    assert one.place(f"backups/{OTHER}/{T1}/x.json") == Foreign(OTHER, f"backups/{OTHER}/{T1}/", "x.json")
    assert one.place(f"{WEB}/{T1}/x.json") is None
    assert one.place(f"backups2/{WEB}/{T1}/x.json") is None
    assert one.place("backups/a/b/c") is None
    assert one.place("backups//x") is None
    assert one.place(f"backups/{WEB}/m.json") == Above(f"backups/{WEB}/", dataset=WEB, rest="m.json")
    assert one.place(f"backups/{WEB}") == Above("backups/", fits=True, rest=WEB)


def test_a_dataset_name_stands_for_its_id_in_any_normal_form():
    """antiwork/gumroad#6137: listed name and stored key differ in Unicode normal form."""
    one = layout("%DATASET_NAME%/%EXPORT_TIME%", Dataset(WEB, normalize("NFC", "Büro é")), Dataset(CRM, "Büro"))
    assert one.place(normalize("NFD", f"Büro é/{T1}/x")).dataset == WEB
    assert one.place(normalize("NFC", f"Büro/{T1}/x")).dataset == CRM
    assert isinstance(one.place(f"Buro/{T1}/x"), Foreign)


def test_names_that_differ_in_normal_form_only_are_told_apart_or_not_at_all():
    name = "é"
    nfc, nfd = normalize("NFC", name), normalize("NFD", name)
    both = layout("x%DATASET_NAME%/%EXPORT_TIME%", Dataset(WEB, nfc + nfc), Dataset(CRM, nfd + nfd))
    assert both.place(f"x{nfc}{nfc}/{T1}/x").dataset == WEB
    assert both.place(f"x{nfd}{nfd}/{T1}/x").dataset == CRM
    assert isinstance(both.place(f"x{nfc}{nfd}/{T1}/x"), Foreign)


def test_a_literal_fits_in_any_normal_form():
    one = layout(normalize("NFC", "Büro/%DATASET_ID%/%EXPORT_TIME%"))
    assert isinstance(one.place(normalize("NFD", f"Büro/{WEB}/{T1}/x")), Placed)


def test_a_date_may_be_spread_over_folders():
    one = layout("%DATETIME(YYYY/MM/DD)%/h%DATETIME(HH'h'mm)%/%DATASET_ID%")
    prefix = one.render(WEB, at("2026-10-01T03:30"))
    assert prefix == f"2026/10/01/h03h30/{WEB}/"
    assert one.place(prefix + "x") == Placed(WEB, at("2026-10-01T03:30"), prefix, "x")


def test_folder_names_that_contradict_each_other_are_malformed():
    one = layout("%DATASET_ID%/%DATASET_ID%_%EXPORT_TIME%")
    placed = one.place(f"{WEB}/{CRM}_{T1}/x.json")
    assert isinstance(placed, Malformed)
    assert "contradicts" in placed.why


def test_free_texts_beside_each_other_need_not_be_told_apart():
    one = layout("%SANDBOX_NAME%%DESTINATION%_%DESTINATION%.%DATETIME(YYYY)%-%SANDBOX_NAME%/%DATASET_ID%_%EXPORT_TIME%")
    prefix = one.render(WEB, at("2026-10-01"), sandbox_name="p_.", destination="-_-")
    assert one.place(prefix + "x") == Placed(WEB, at("2026-10-01"), prefix, "x")


def test_a_hostile_name_costs_no_time():
    one = layout("_".join(["%SANDBOX_NAME%"] * 12) + "!/%DATASET_ID%/%EXPORT_TIME%")
    assert isinstance(one.place(f"{'_' * 1000}/{WEB}/{T1}/x"), Malformed)


UNJUDGEABLE = [
    ("/", "dataset nor the export time"),
    ("", "dataset nor the export time"),
    ("%DATASET_ID%", "export time"),
    ("%EXPORT_TIME%", "dataset"),
    ("%DATASET_ID%/%DATETIME(YYYYMMdd)%", "export time"),
    ("%DATASET_ID%/%DATETIME(YYYYMMdd_HH)%", "export time"),
]


@pytest.mark.parametrize("template, lacks", UNJUDGEABLE)
def test_a_layout_that_says_too_little_cannot_be_judged(template, lacks):
    one = layout(template)
    assert not one.judgeable
    assert lacks in one.why
    assert one.place(f"{WEB}/{T1}/x.json") is None


def test_a_flow_with_one_dataset_need_not_name_it():
    one = layout("%EXPORT_TIME%", WEB)
    assert (one.names_dataset, one.names_time, one.judgeable, one.why) == (True, True, True, "")
    assert one.place(f"{T1}/x").dataset == WEB


REFUSED = [  # template, why
    ("a//%DATASET_ID%", "empty folder name"),
    ("%FLOW_ID%/%EXPORT_TIME%", "%FLOW_ID% is no known macro"),
    ("%dataset_id%/%EXPORT_TIME%", "%dataset_id% is no known macro"),
    ("%DATETIME%/%DATASET_ID%", "%DATETIME% is no known macro"),
    ("%DATETIME()%", "no date pattern"),
    ("%DATETIME(YYYY-MM-dd'T'hh)%", "'h'"),
    ("%SANDBOX_NAME%_%DATASET_ID%_%DESTINATION%/%EXPORT_TIME%", "where %DATASET_ID% begins"),
    ("%SANDBOX_NAME%%EXPORT_TIME%%DESTINATION%", "where %EXPORT_TIME% begins"),
    ("%SANDBOX_NAME%-%DATASET_NAME%/%EXPORT_TIME%", "where %DATASET_NAME% begins"),
    ("%EXPORT_TIME%%SANDBOX_NAME%/%DATASET_ID%", "where %EXPORT_TIME% ends"),
    ("%EXPORT_TIME%00%SANDBOX_NAME%/%DATASET_ID%", "where %EXPORT_TIME% ends"),
    ("%EXPORT_TIME%%DATETIME(YYYY)%-%SANDBOX_NAME%/%DATASET_ID%", "where %EXPORT_TIME% ends"),
]


@pytest.mark.parametrize("template, why", REFUSED)
def test_a_template_that_can_be_read_in_two_ways_or_none_is_refused(template, why):
    with pytest.raises(TemplateError, match=why.replace("(", r"\(")):
        parse_template(template)


def test_dataset_names_that_cannot_tell_datasets_apart_are_refused():
    for datasets in ([WEB], [Dataset(WEB, "a/b")], [Dataset(WEB, "a"), Dataset(CRM, "a")]):
        with pytest.raises(TemplateError):
            layout("%DATASET_NAME%/%EXPORT_TIME%", *datasets)


def test_an_odd_dataset_id_is_text_like_any_other_where_its_end_is_plain():
    assert layout("%DATASET_ID%/%EXPORT_TIME%", "0x1F").place(f"0x1F/{T1}/x").dataset == "0x1F"
    with pytest.raises(TemplateError, match="0x1F"):
        layout("%DATASET_ID%_%EXPORT_TIME%", "0x1F")


def test_a_missing_value_is_said():
    with pytest.raises(TemplateError, match="%SANDBOX_NAME%"):
        layout("%SANDBOX_NAME%/%DATASET_ID%/%EXPORT_TIME%").render(WEB, at("2026-10-01"))


# --- render, then place -----------------------------------------------------------------------

DATASETS = ["%DATASET_ID%", "%DATASET_NAME%"]
TIMES = [
    "%EXPORT_TIME%",
    "%DATETIME(YYYYMMdd_HHmmss)%",
    "%DATETIME(DD.MM.yyyy HH'h'mm)%",
    "%DATETIME(YYYY/MM/dd/HHmm)%",
]
OTHERS = [
    *DATASETS,
    *TIMES,
    *(f"%{name}%" for name in ("SANDBOX_NAME", "DESTINATION", "DESTINATION_NAME", "DESTINATION_INSTANCE_NAME")),
    *("%DESTINATION_INSTANCE_ID%", "%ORGANIZATION_NAME%"),
]
ODD = string.ascii_lowercase + string.digits + r".^$*+?{}[]\|()_- %=éé日" + "\n"
names = st.text(st.characters(exclude_characters="/", exclude_categories=("Cs",)), min_size=1, max_size=8)
literals = st.text(st.sampled_from(ODD), min_size=1, max_size=5) | st.sampled_from(["exportTime=", "%", "2026", WEB])
slashes = st.just("/")
moments = st.datetimes(
    at("1970-01-01").replace(tzinfo=None), at("9999-12-31").replace(tzinfo=None), timezones=st.just(UTC)
)


@st.composite
def templates(draw):
    """One that names a dataset and a time, in any order, with anything between."""
    pieces = [draw(st.sampled_from(DATASETS)), draw(st.sampled_from(TIMES))]
    pieces += draw(st.lists(st.sampled_from(OTHERS) | literals | slashes, max_size=4))
    pieces = draw(st.permutations(pieces))
    between = draw(st.lists(slashes | st.just("") | literals, min_size=len(pieces), max_size=len(pieces)))
    return "".join(piece for pair in zip(pieces, between, strict=True) for piece in pair)


@settings(max_examples=600, deadline=None)
@given(templates(), moments, st.sampled_from([12, 14]), names, names, st.lists(names, min_size=6, max_size=6), names)
def test_rendering_then_placing_gives_back_the_same(template, moment, digits, web, crm, values, rest):
    """For every template that names dataset and time and is not refused."""
    assume(normalize("NFC", web) != normalize("NFC", crm))
    try:
        one = layout(template, Dataset(WEB, web), Dataset(CRM, crm), folder="_a/.b+%")
    except TemplateError:
        assume(False)
    assert one.judgeable
    says_seconds = "%EXPORT_TIME%" in template and digits == 14
    says_seconds |= "%EXPORT_TIME%" not in template and "HHmmss" in template
    said = moment.replace(microsecond=0, second=moment.second if says_seconds else 0)
    macros = ["sandbox_name", "destination", "destination_name", "destination_instance_name",
              "destination_instance_id", "organization_name"]  # fmt: skip
    prefix = one.render(CRM, said, digits=digits, **dict(zip(macros, values, strict=True)))
    assert one.place(prefix + rest) == Placed(CRM, said, prefix, rest)


@settings(max_examples=200, deadline=None)
@given(templates(), st.lists(names | st.sampled_from([WEB, T1, "..", ""]), max_size=6).map("/".join))
def test_any_text_is_a_key(template, key):
    try:
        one = layout(template, Dataset(WEB, "w"))
    except TemplateError:
        return
    placed = one.place(key)
    assert placed is None or key == placed.prefix + placed.rest
