"""The configuration of a world as a person would write it, in the documented keys. Text, made by hand."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from auditor.worlds.model import Rhythm, World, WorldFlow

LOCAL = {"type": "local", "root": "./exports"}


def render_config(
    world: World,
    *,
    place: Mapping[str, str] = LOCAL,
    ledger: str = "",
    platform: Mapping[str, str] | None = None,
) -> str:
    """YAML for an audit of `world`. `place` is how its destination is reached: the keys of any destination type.

    `platform`: the keys of the sandbox that its flows are held against, but for its name, which is the sandbox's.
    """
    lines = [f"ledger: {_text(ledger)}"] if ledger else []
    lines += ["destinations:", f"  {_text(world.destination)}:"]
    lines += [f"    {key}: {_text(value)}" for key, value in place.items()]
    lines += [f"    folder: {_text(world.folder)}"]
    lines += [f"    retain: {_span(world.retain)}"] if world.retain else []
    sandbox = platform["sandbox"] if platform else ""
    if platform:
        lines += ["", "experience_platform:", f"  {_text(sandbox)}:"]
        lines += [f"    {key}: {_text(value)}" for key, value in platform.items()]
    lines += ["", "flows:"]
    for flow in world.flows:
        lines += _flow_lines(flow, world.destination, sandbox)
    return "\n".join(lines) + "\n"


def _flow_lines(flow: WorldFlow, destination: str, sandbox: str) -> list[str]:
    lines = [
        f"  {_text(flow.name)}:",
        f"    destination: {_text(destination)}",
        *([f"    experience_platform: {_text(sandbox)}", f"    flow_id: {_text(flow.id)}"] if sandbox else []),
        f"    format: {flow.format}",
        f"    compression: {flow.compression}",
        f"    manifest: {'true' if flow.manifest else 'false'}",
        f"    mode: {flow.mode}",
        f"    schedule: {_schedules(flow)}",
    ]
    if flow.template != "%DATASET_ID%/%EXPORT_TIME%":
        lines.append(f"    folder_template: {json.dumps(flow.template)}")
    lines.append("    datasets:")
    lines += [f"      - {{id: {_text(d.id)}, name: {_text(d.name)}}}" for d in flow.datasets]
    return lines


def _schedules(flow: WorldFlow) -> str:
    """One schedule, or the list of its edits. The last one ends when the flow does; all have its exceptions."""
    rhythms = (Rhythm(flow.start, flow.every, flow.cron), *flow.edits)
    told = [_schedule(flow, rhythm, ends=rhythm is rhythms[-1]) for rhythm in rhythms]
    return told[0] if len(told) == 1 else f"[{', '.join(told)}]"


def _schedule(flow: WorldFlow, rhythm: Rhythm, *, ends: bool) -> str:
    often = "once: true" if rhythm.every is None else f"every: {_span(rhythm.every)}"
    told = [f"cron: {json.dumps(rhythm.cron)}" if rhythm.cron else often, f"start: {_instant(rhythm.start)}"]
    if rhythm.cron and flow.zone != "UTC":
        told.append(f"zone: {_text(flow.zone)}")
    if flow.end and ends:
        told.append(f"end: {_instant(flow.end)}")
    if flow.exceptions:
        told.append(f"except: [{', '.join(day.isoformat() for day in flow.exceptions)}]")
    return f"{{{', '.join(told)}}}"


def _span(span: timedelta) -> str:
    if span % timedelta(days=1) == timedelta(0):
        return f"{span // timedelta(days=1)}d"
    if span % timedelta(hours=1) == timedelta(0):
        return f"{span // timedelta(hours=1)}h"
    return f"{span // timedelta(minutes=1)}m"


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: str) -> str:
    """Plain where any YAML reader gives the same text back, else quoted (JSON strings are YAML)."""
    plain = re.fullmatch(r"(?:[A-Za-z]|\.{0,2}/)[\w./-]*(?: [\w./-]+)*", value, re.ASCII)
    words = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
    is_id = re.fullmatch("[0-9a-f]{24}", value) and re.search("[acdf]", value)  # no number has these letters
    return value if (plain and value.lower() not in words) or is_id else json.dumps(value)
