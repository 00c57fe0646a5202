"""Colours of the HTML report: every text has contrast enough in both themes, and printing uses the light one."""

import re
from importlib.resources import files

import pytest

from auditor.report.marks import Mark

STYLE = files("auditor.report").joinpath("templates", "report.css").read_text("utf-8")
DARK_AT = "@media screen and (prefers-color-scheme: dark)"
VARIABLE = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
LIGHT = dict(VARIABLE.findall(STYLE[: STYLE.index(DARK_AT)]))
DARK = dict(VARIABLE.findall(STYLE[STYLE.index(DARK_AT) :]))
ON_PAPER = ("ink", "quiet", "link", "bad-bg", "good-ink", "waived-ink")  # text without a ground of its own


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(theme):
    pairs = [(name, "paper") for name in ON_PAPER]
    pairs += [(f"{name.removesuffix('-bg')}-ink", name) for name in theme if name.endswith("-bg")]
    assert {
        pair: round(contrast(theme[pair[0]], theme[pair[1]]), 2)
        for pair in pairs
        if contrast(theme[pair[0]], theme[pair[1]]) < 4.5
    } == {}


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_bar_stands_out_from_the_paper(theme):
    assert contrast(theme["bad-bar"], theme["paper"]) >= 3
    assert contrast(theme["good-bar"], theme["paper"]) >= 3


def test_both_themes_name_the_same_colours():
    assert set(LIGHT) == set(DARK)


@pytest.mark.parametrize("mark", Mark)
def test_every_mark_has_its_look(mark):
    assert f".m-{mark} {{" in STYLE or f".m-{mark}, " in STYLE


def test_good_and_bad_differ_in_grey():
    for theme in (LIGHT, DARK):
        assert contrast(theme["good-bg"], theme["bad-bg"]) >= 3


def test_no_colour_is_written_beside_the_variables():
    rules = STYLE[STYLE.index("* { box-sizing") :]
    assert re.findall(r"#[0-9a-f]{3,8}\b", rules) == ["#fff"]  # the paper of the printer
