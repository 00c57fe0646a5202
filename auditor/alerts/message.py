"""A notice in plain text, Markdown and HTML: one content, three templates, names from outside inert in each.

What is said, in this order: what and since when and how much of it, what Adobe says, what storage shows, likely
cause, what to do now, whether waiting helps, what is at stake, the newest sound export, who looks after it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from auditor.alerts.shorten import shorten, shorten_line
from auditor.alerts.story import Story, gather_stories
from auditor.alerts.words import NAMED, Address, Clock, Ours, capital, count, said
from auditor.alerts.words_commands import list_commands
from auditor.alerts.words_head import say_extent, say_headline, say_place, say_standing, say_what
from auditor.alerts.words_over import list_over
from auditor.alerts.words_section import Section, say_added, say_care, say_datasets, say_explained
from auditor.alerts.words_seen import say_adobe, say_evidence, say_found, say_storage
from auditor.alerts.words_why import say_causes, say_loss, say_newest, say_waiting
from auditor.incident_model import EventKind, Incident, Message
from auditor.ledger import Ledger
from auditor.settings import Config

__all__ = ["Part", "escape_markdown", "render_message", "shorten", "write_message", "write_test_message"]

IN_FULL = 5
"""So many stories of one notice are told in full; the others have a line each, past 20 they are counted."""
SHORT = 160
TITLE = 250
_ONCE = "No: it is told this once."
_HOLE = "No: later due times are right. The hole stays in reports until it is filled, or waived with a reason."
_ON_WAITING = re.compile(r"\bwaiting (alone )?(helps|does not help|loses)", re.IGNORECASE)
_COLOURS = {"critical": "#c62828", "error": "#d84315", "warning": "#b26a00", "info": "#1565c0", "over": "#2e7d32"}


@dataclass(frozen=True, slots=True)
class Part:
    """One story as it is laid out."""

    headline: str
    standing: str
    colour: str
    sections: tuple[Section, ...] = ()


def write_message(
    ledger: Ledger,
    config: Config,
    incidents: Sequence[Incident],
    kind: EventKind,
    *,
    now: datetime,
    next_reminder: datetime | None = None,
    route: str = "",
    told_at: datetime | None = None,
) -> Message:
    """What one notice says of `incidents`: those of one flow and cause, or of several that are told together.

    `told_at`: when people were last told of them; a reminder then says what was added since. Raises LedgerError;
    ValueError without incidents.
    """
    if not incidents:
        raise ValueError("a notice is about something")
    stories = gather_stories(ledger, config, incidents, kind, now=now, next_reminder=next_reminder, told_at=told_at)
    clock = Clock(now, config.alerts.zone)
    parts = [_lay_out(story, clock, config, is_full=place < IN_FULL) for place, story in enumerate(stories)]
    headline = parts[0].headline if len(parts) == 1 else _group_headline(stories)
    mark = _mark(stories)
    footer = _footer(config, route)
    short = f"{mark} {say_place(stories[0])}: {say_what(stories[0], clock)}; {say_extent(stories[0], clock)}"
    return render_message(
        title=f"{mark} {headline}",
        lead=headline if len(parts) > 1 else "",
        parts=parts,
        footer=footer,
        short=f"{mark} {headline}" if len(parts) > 1 or kind is EventKind.RECOVERED else short.rstrip("; "),
    )


def write_test_message(config: Config, channel: str, route: str, now: datetime) -> Message:
    """What `alerts test` sends: recognisable as a test, with who sent it and what to do if nothing else comes."""
    clock = Clock(now, config.alerts.zone)
    told = f"channel {said(channel, 100)}" + (f", route {said(route, 100)}" if route else "")
    lines = (
        f"If you read this, {told} works. Nothing is wrong, and nothing is to be done.",
        f"Sent {clock.full(now)}, with the configuration {said(str(config.path))}.",
    )
    part = Part(f"Test of {told}", "", _COLOURS["over"], (Section("", lines),))
    return render_message(
        title=f"[test] {part.headline}",
        lead="",
        parts=[part],
        footer=_footer(config, ""),
        short=f"[test] {part.headline}",
    )


def render_message(*, title: str, lead: str, parts: Sequence[Part], footer: Sequence[str], short: str) -> Message:
    """The same content three times. All texts are inert already (`words.said`); each format escapes for itself."""
    told = {"title": title, "lead": lead, "parts": parts[:NAMED], "left": max(0, len(parts) - NAMED), "footer": footer}
    plain, markdown, html = (_environment().get_template(f"notice.{form}.j2") for form in ("txt", "md", "html"))
    return Message(
        title=shorten_line(title, TITLE),
        plain=_tidy(plain.render(told)),
        markdown=_tidy(markdown.render(told)),
        html=html.render(told).strip() + "\n",
        short=shorten_line(short, SHORT),
    )


def _lay_out(story: Story, clock: Clock, config: Config, *, is_full: bool) -> Part:
    over = story.kind is EventKind.RECOVERED
    colour = _COLOURS["over" if over else story.severity.value]
    sections = () if not is_full else list_over(story, clock, config) if over else _sections(story, clock, config)
    return Part(say_headline(story, clock), say_standing(story, clock), colour, tuple(s for s in sections if s))


def _sections(story: Story, clock: Clock, config: Config) -> tuple[Section, ...]:
    goes_on = story.kind is not EventKind.GAP
    commands = list_commands(story, config.path, follows_adobe=bool(config.experience_platform))
    waiting = say_waiting(story, clock)
    return (
        Section("Does it go on?", () if goes_on else (_HOLE if story.is_hole else _ONCE,)),
        Section("What was added since you were last told", say_added(story, clock)),
        Section("Datasets", say_datasets(story)),
        Section("What Adobe says", tuple(say_adobe(story))),
        Section("What storage shows", tuple(say_storage(story, clock))),
        Section("What was found", tuple(say_found(story))),
        Section("Evidence", _one(say_evidence(story))),
        Section("What it explains", say_explained(story)),
        Section("Likely cause", tuple(say_causes(story, clock))),
        Section("What to do now", _remedy(story, has_waiting=bool(waiting)), tuple(commands)),
        Section("Does waiting help?", _one(waiting)),
        Section("What is at stake", tuple(say_loss(story, clock))),
        Section("Newest sound export", _one(say_newest(story, clock))),
        Section("Who looks after it", *say_care(story, clock, config, is_open=goes_on)),
    )


def _remedy(story: Story, *, has_waiting: bool) -> tuple[str, ...]:
    """As the catalogue has it, without what is said of waiting: that has a section of its own."""
    sentences = re.split(r"(?<=[.!?]) (?=[A-Z])", story.entry.remedy) if story.entry else []
    kept = [one for one in sentences if not (has_waiting and _ON_WAITING.search(one))]
    return (Ours(" ".join(kept)),) if kept else ()


def _one(line: str) -> tuple[str, ...]:
    return (line,) if line else ()


def _group_headline(stories: Sequence[Story]) -> str:
    places = list(dict.fromkeys(say_place(story) for story in stories))
    where = ", ".join(places[:2]) + (f" and {len(places) - 2:,} more places" if len(places) > 2 else "")
    if stories[0].kind is EventKind.RECOVERED:
        return f"{count(len(stories), 'finding')} over: {where}"
    still = " still open" if stories[0].kind is EventKind.REMINDER else ""
    return f"{count(len(stories), 'finding')}{still}: {where}"


def _mark(stories: Sequence[Story]) -> str:
    return "[over]" if stories[0].kind is EventKind.RECOVERED else f"[{stories[0].severity.value}]"


def _footer(config: Config, route: str) -> list[str]:
    told = ["export-auditor"] + ([f"route {said(route, 100)}"] if route else [])
    return [" · ".join(told), *([Address(said(config.alerts.page))] if config.alerts.page else [])]


def escape_markdown(text: str) -> str:
    """`text` so that Markdown, of Slack as of CommonMark, shows it as it is: no link, image, emphasis or tag."""
    if isinstance(text, Ours):
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*\[\]~|])", r"\\\1", text)
    text = re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", text)
    return re.sub(r"^(\s*)(?:([#+=-])|(\d+)([.)]))", r"\1\3\\\2\4", text)


def mark_html(text: str) -> Markup:
    """`text` escaped; an `Address` has its link, and in a text of our own `…` is code and *…* emphasis."""
    words = re.split(r"(https?://[^\s<>\"']+)", text) if isinstance(text, Address) else [text]
    link = '<a href="{0}" style="color:inherit">{0}</a>'
    marked = "".join(link.format(escape(word)) if place % 2 else str(escape(word)) for place, word in enumerate(words))
    if isinstance(text, Ours):
        marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", marked)
        marked = re.sub(r"\*([^*]+)\*", r"<em>\1</em>", marked)
    return Markup(marked)  # noqa: S704 - each part was escaped above


def _tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("auditor.alerts"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"markdown": escape_markdown, "marked": mark_html, "capital": capital}
    return environment
