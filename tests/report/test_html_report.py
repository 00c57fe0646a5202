"""The HTML page: whole, closed to names from outside, readable by everyone, bounded."""

import dataclasses
import random
import re
import time
from base64 import b64encode
from collections import Counter
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given

from adapters.base import inert
from auditor.checks import CATALOGUE
from auditor.model import Arrival, Care, Unverifiable, Waived, Watched
from auditor.report import FORMATS, ReportOptions
from auditor.report.html_limits import HtmlLimits
from auditor.report.html_report import render_html
from auditor.report.standing import Standing
from auditor.report.summary import render_headline, summarise
from auditor.report.table import render_balance, render_content
from tests.report.example import EXAMPLE, NOW, START
from tests.report.many import make_many
from tests.report.strategies import HOSTILE, QUICK, audits

TAGS = re.findall(
    r"\w+",
    """html head meta title style body a header p span time h1 h2 h3 h4 nav ul ol li main section input label table
    caption thead tbody tr th td colgroup col svg rect b code sub div dl dt dd details summary article footer""",
)
ATTRIBUTES = re.findall(
    r"\S+",
    """lang charset http-equiv content name class href datetime id type for scope colspan title viewbox width height
    preserveaspectratio role aria-label aria-labelledby aria-hidden x y tabindex data-label""",
)
VOID = {"meta", "input", "col"}
TINY = HtmlLimits(2, 2, 3, 4, 2, 1, 1, 10, 1, 1, 1, 1, 1)


class Page(HTMLParser):
    """What a browser would make of the page, and whether every element is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs)
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag == "rect"
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if self.stack[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))

    def each(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.elements if attribute in attrs]


def squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def check_closed(text: str) -> Page:
    """Only elements and attributes of the template, nothing that runs or fetches."""
    page = Page(text)
    assert {tag for tag, _ in page.elements} <= set(TAGS)
    assert {name for _, attrs in page.elements for name in attrs} <= set(ATTRIBUTES)
    assert [link for link in page.each("href") if not re.fullmatch(r"#[a-z0-9-]+", link)] == []
    assert all(c.isprintable() or c == "\n" for c in text)
    return page


@QUICK
@given(audits())
def test_no_name_becomes_an_element_or_an_attribute(result):
    check_closed(render_html(result))
    check_closed(render_html(result, limits=TINY))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_letter_by_letter_and_nowhere_raw(name):
    waived = Waived(name, name, NOW)
    finding = dataclasses.replace(
        EXAMPLE.findings[0], key=name, message=name, flow=name, dataset=name, evidence={name: [name, name]}
    )
    runs = tuple(
        dataclasses.replace(r, flow=name, dataset=name, folder=name) for r in (*EXAMPLE.runs[:2], EXAMPLE.runs[-1])
    )
    result = dataclasses.replace(
        EXAMPLE,
        runs=runs,
        findings=(finding, dataclasses.replace(finding, waived=waived)),
        unverifiable=(Unverifiable(name, name, name, name, name),),
        watched=(Watched(name, START),),
        names={name: name},
        care={(name, name): Care(name, name, (name,), name)},
    )
    page = check_closed(render_html(result, limits=HtmlLimits(longest=10**6)))
    assert page.text.count(squeeze(inert(name))) >= 12


def test_a_dataset_shows_who_looks_after_it_and_links_the_runbook_only_if_it_is_a_page():
    run = EXAMPLE.runs[0]
    care = Care("ana", "web", ("gdpr",), "https://wiki.example/runbook")
    page = Page(render_html(dataclasses.replace(EXAMPLE, care={(run.flow, run.dataset): care})))
    assert "ana · web · gdpr" in page.text
    assert [link for link in page.each("href") if not link.startswith("#")] == [care.runbook]
    odd = dataclasses.replace(care, runbook="javascript:alert(1)")
    check_closed(render_html(dataclasses.replace(EXAMPLE, care={(run.flow, run.dataset): odd})))


def test_the_page_fetches_nothing_and_runs_nothing():
    text = render_html(EXAMPLE)
    assert "<script" not in text
    assert re.search(r"https?:|//|url\(|@import|javascript:", text.replace("w3.org", "")) is None
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    policy = next(a["content"] for t, a in Page(text).elements if a.get("http-equiv") == "Content-Security-Policy")
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_the_page_says_what_the_table_says():
    summary = summarise(EXAMPLE)
    text = check_closed(render_html(EXAMPLE)).text
    for sentence in (render_headline(summary), render_balance(summary), render_content(summary), "All times are UTC"):
        assert squeeze(sentence) in text
    assert text.index(render_headline(summary)) < 200


def test_everything_found_stands_in_the_page_with_its_remedy():
    page = check_closed(render_html(EXAMPLE))
    for finding in EXAMPLE.findings:
        kind = CATALOGUE[finding.code]
        for told in (finding.code, finding.message, finding.key, kind.meaning, kind.why, kind.remedy, *kind.causes):
            assert squeeze(told).replace("`", "") in page.text
            assert "`" not in told or f"<code>{told.split('`')[1]}</code>" in render_html(EXAMPLE)
        for name, value in finding.evidence.items():
            assert f"{name.replace('_', ' ')}{value}" in page.text
    for item in EXAMPLE.unverifiable:
        assert item.subject in page.text
        assert item.reason in page.text
    for run in EXAMPLE.runs:
        assert run.due is not None or run.folder in page.text
    for watched in EXAMPLE.watched:
        assert watched.flow in page.text


@pytest.mark.parametrize("value, told", [(True, "yes"), (None, "none"), ([False, 3], "no, 3"), ([], ""), (1.5, "1.5")])
def test_evidence_is_said_in_words(value, told):
    finding = dataclasses.replace(EXAMPLE.findings[0], evidence={"rest_readable": value})
    text = render_html(dataclasses.replace(EXAMPLE, findings=(finding,)))
    assert f'rest readable</dt><dd class="data">{told}</dd>' in text


def test_a_waived_finding_stands_last_and_says_who_put_up_with_it_until_when():
    waived = dataclasses.replace(EXAMPLE.findings[0], waived=Waived("planned pause", "ops@example.com", NOW))
    text = check_closed(render_html(dataclasses.replace(EXAMPLE, findings=(waived, *EXAMPLE.findings[1:])))).text
    assert "waived by ops@example.com until 2026-10-15 09:30Z: planned pause" in text
    assert text.rindex("export-missing") > text.rindex("export-unexpected")


def test_the_order_in_which_things_were_found_changes_nothing():
    shuffled = random.Random(1)
    runs, findings = list(EXAMPLE.runs), list(EXAMPLE.findings)
    shuffled.shuffle(runs)
    shuffled.shuffle(findings)
    again = dataclasses.replace(EXAMPLE, runs=tuple(runs), findings=tuple(findings))
    assert render_html(again) == render_html(EXAMPLE)
    assert FORMATS["html"](EXAMPLE, ReportOptions(width=40)) == render_html(EXAMPLE)


def test_the_page_can_be_read_by_ear():
    page = check_closed(render_html(EXAMPLE))
    ids = page.each("id")
    assert len(ids) == len(set(ids))
    pointed = [*(link[1:] for link in page.each("href")), *page.each("aria-labelledby"), *page.each("for")]
    assert set(pointed) <= set(ids)
    assert all("scope" in attrs for tag, attrs in page.elements if tag == "th")
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_what_is_left_out_is_counted():
    findings = tuple(dataclasses.replace(EXAMPLE.findings[0], due=START + timedelta(days=n)) for n in range(7))
    unseen = tuple(Unverifiable(f"part-{n}", "no right to read", "lake") for n in range(5))
    result = dataclasses.replace(EXAMPLE, findings=findings, unverifiable=unseen)
    text = check_closed(render_html(result, limits=TINY)).text
    assert "and 5 more, about 1 dataset" in text
    assert "and 4 more: see --format json" in text
    assert "and 1 more dataset (" in text
    assert "and 2 more flows" in text


@pytest.mark.parametrize(
    "datasets, runs_each, unit, heaviest",
    [
        (40, 1000, "week by week", 1_000_000),
        (1000, 40, "week by week", 2_500_000),
        (5, 8000, "month by month", 1_000_000),
    ],
)
def test_forty_thousand_runs_are_summarised_and_said_to_be(datasets, runs_each, unit, heaviest):
    every = timedelta(days=2) if datasets == 1000 else timedelta(hours=3)
    result = make_many(datasets, runs_each, every)
    started = time.monotonic()
    text = render_html(result)
    assert time.monotonic() - started < 30  # half a second on an idle machine
    assert len(text.encode()) < heaviest
    page = check_closed(text)
    assert f"Expected runs, {unit}" in page.text
    assert "40,000 expected = " in page.text
    cells = Counter(tag for tag, _ in page.elements)["td"]
    assert cells < 20_000
    standings = summarise(result).standings
    hidden = [s for s in standings if f'<code class="data">{s.dataset}</code>' not in text]
    assert len(hidden) == max(0, datasets - 500)
    assert {s.standing for s in hidden} <= {Standing.GOOD}
    assert not hidden or f"and {len(hidden):,} more datasets ({len(hidden):,} good)" in page.text


@QUICK
@given(audits())
def test_the_legend_of_the_calendar_adds_up_to_all_expected_runs(result):
    text = render_html(result)
    legend = re.search(r'<ul class="legend">(.*?)</ul>', text, re.DOTALL)
    expected = sum(run.due is not None for run in result.runs)
    assert (
        sum(int(count.replace(",", "")) for count in re.findall(r"<b>([\d,]+)</b>", legend[1] if legend else ""))
        == expected
    )


def test_an_audit_of_nothing_says_so():
    nothing = dataclasses.replace(
        EXAMPLE, runs=(), findings=(), unverifiable=(), watched=(), watched_from=None, names={}
    )
    text = check_closed(render_html(nothing)).text
    assert "Nothing was checked" in text
    assert "No run was expected" in text
    assert "Nothing is watched." in text


def test_files_without_checksums_of_their_own_are_named():
    runs = tuple(
        dataclasses.replace(run, unprotected=2 if run.arrival is Arrival.ON_TIME else 0) for run in EXAMPLE.runs
    )
    text = check_closed(render_html(dataclasses.replace(EXAMPLE, runs=runs))).text
    total = sum(run.unprotected for run in runs)
    assert f"{total:,} sound files carry no checksums of their own" in text
