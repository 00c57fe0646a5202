"""The generator of worlds: schedule -> runs -> files -> faults, the same for the same seed.

It writes what Experience Platform would write and knows what an audit must find there. It imports nothing of the
rooms that audit, so that it cannot agree with them by construction.
"""

from auditor.worlds import faults
from auditor.worlds.compare import Difference, compare_findings, render_difference
from auditor.worlds.config import render_config
from auditor.worlds.demo import DEMO_NOW, make_demo
from auditor.worlds.demo_tree import (
    CONFIG,
    CROSS_CHECKED,
    NotOurs,
    lay_out_demo,
    list_asking_commands,
    list_commands,
    serve_demo,
)
from auditor.worlds.expected import describe_doubts, describe_expected, list_expected, list_verdicts
from auditor.worlds.layout import lay_out, list_objects
from auditor.worlds.model import (
    Crossed,
    Delivery,
    Expected,
    NotHere,
    Rhythm,
    Run,
    Said,
    World,
    WorldDataset,
    WorldFlow,
    WorldObject,
)
from auditor.worlds.plan import build_world

__all__ = [
    "CONFIG",
    "CROSS_CHECKED",
    "DEMO_NOW",
    "Crossed",
    "Delivery",
    "Difference",
    "Expected",
    "NotHere",
    "NotOurs",
    "Rhythm",
    "Run",
    "Said",
    "World",
    "WorldDataset",
    "WorldFlow",
    "WorldObject",
    "build_world",
    "compare_findings",
    "describe_doubts",
    "describe_expected",
    "faults",
    "lay_out",
    "lay_out_demo",
    "list_asking_commands",
    "list_commands",
    "list_expected",
    "list_objects",
    "list_verdicts",
    "make_demo",
    "render_config",
    "render_difference",
    "serve_demo",
]
