"""Names from outside are data: in no format can they be markup, move a line, or call people."""

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from auditor.alerts.message import write_message
from auditor.incident_model import EventKind, Incident, IncidentKey, Member, Message, Signed
from auditor.ledger import Ledger
from auditor.model import Care, Dataset
from tests.alerts.message_world import (
    LAKE,
    NOW,
    ONE,
    WEB,
    changed_for,
    list_verdicts,
    make_config,
    make_world,
    record,
)

HOSTILE = [
    "a\nbcc: all@example.com\n",
    "\x1b[31mred\x1b[0m",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<https://evil.example>",
    "@channel",
    "<!channel>",
    "<@U123|x>",
    "```\n# heading\n",
    "*bold* _it_ ~~gone~~ `code` **x**",
    "# heading",
    "> quote",
    "- item",
    "1. one",
    "| a | b |\n|---|---|",
    "&lt;b&gt; &#60;i&#62;",
    "\u202egpj.exe",
    "\r\nSubject: x",
    "{{ 7*7 }}{% for x in y %}",
    "'; rm -rf / #",
    "$(id) `id`",
    "\udcff\ud800",
    "x" * 3000,
    "",
]
RUNBOOK = "https://wiki.example.com/exports"
CODES = ["export-missing", "run-failed", "file-corrupt", "destination-unreachable", "export-unexpected", "flow-ended"]
_SEVERAL = st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join)
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=50), _SEVERAL)


def write(code: str, name: str, kind: EventKind) -> Message:
    config = make_config()
    care = Care(name, name, (name,), RUNBOOK)
    own = Dataset(ONE, name, care)
    flow = replace(config.flows[WEB], datasets=(own, *config.flows[WEB].datasets[1:]), care=care)
    config = replace(config, flows={**config.flows, WEB: flow})
    ledger, incidents = _world(code)
    record(ledger, [*list_verdicts(code, _kept(name))])
    told = [_told(changed_for(one, kind), name) for one in incidents]
    return write_message(ledger, config, told, kind, now=NOW, route=name)


@cache
def _world(code: str) -> tuple[Ledger, list[Incident]]:
    """Of these tests alone: they write into it."""
    return make_world(code)


def _kept(name: str) -> str:
    return name.encode("utf-8", "replace").decode().replace("\0", "")


def _told(incident: Incident, name: str) -> Incident:
    key = incident.key
    if key.dataset != ONE and key.dataset:
        key = IncidentKey(key.code, key.flow, _kept(name) + key.dataset, key.destination)
    elif key.code == "flow-ended":
        key = IncidentKey(key.code, _kept(name) or WEB, "", LAKE)
    members = incident.members if incident.members[:1] and incident.members[0].due else (Member(None, name),)
    signed = Signed(name, NOW, name)
    evidence = {name: name, "list": [name, name]}
    return replace(incident, key=key, message=name, members=members, evidence=evidence, acknowledged=signed)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen = set[tuple[str, tuple[str, ...]]]()
        self.links = list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add((tag, tuple(sorted(name for name, _ in attrs))))
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def tags_of(html: str) -> Tags:
    parser = Tags()
    parser.feed(html)
    parser.close()
    return parser


ALLOWED = {
    ("html", ("lang",)),
    ("head", ()),
    ("title", ()),
    ("meta", ("charset",)),
    ("meta", ("content", "name")),
    ("br", ()),
    ("code", ()),
    ("em", ()),
    ("a", ("href", "style")),
    *((tag, ("style",)) for tag in ("body", "div", "h1", "h2", "h3", "p", "pre", "ol", "li")),
}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CODES), NAMES, st.sampled_from([*EventKind]))
def test_no_name_does_harm_in_any_form(code: str, name: str, kind: EventKind) -> None:
    message = write(code, name, kind)
    check_text(message)
    tags = tags_of(message.html)
    assert tags.seen <= ALLOWED
    assert {*tags.links} <= {RUNBOOK}
    check_markdown(message.markdown)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("code", CODES)
def test_each_known_trick_fails(code: str, name: str) -> None:
    message = write(code, name, EventKind.OPENED)
    check_text(message)
    check_markdown(message.markdown)
    assert tags_of(message.html).seen <= ALLOWED


def check_text(message: Message) -> None:
    for line in (message.title, message.short):
        assert line.replace("\u2060", "").isprintable()
    for text in (message.plain, message.markdown):
        assert all(character.isprintable() or character in "\n\u2060" for character in text)
        assert not re.search(r"(?<![A-Za-z0-9])@\w|<[!@#]", text)
    assert all(character.isprintable() or character in "\n\u2060" for character in message.html)
    message.html.encode()


def check_markdown(text: str) -> None:
    """As CommonMark with tables and strikethrough sees it: nothing but what the template puts there."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    blocks = {token.type for token in tokens}
    allowed = ("paragraph_open", "paragraph_close", "inline", "fence", "hr")
    lists = ("ordered_list_open", "ordered_list_close", "list_item_open", "list_item_close")
    assert blocks <= {*allowed, *lists}
    inline = {child.type for token in tokens for child in token.children or ()}
    marks = ("strong_open", "strong_close", "em_open", "em_close", "code_inline")
    assert inline <= {"text", "text_special", "softbreak", *marks}
    for token in tokens:
        for place, child in enumerate(token.children or ()):
            if child.type == "strong_open":  # a heading of ours: the whole paragraph
                assert place == 0 or not token.children[place - 1].content
