"""Faults: each a small function `fault(world, …) -> world` that knows, in literals, the findings it must cause.

A fault that cannot happen at the place named, or would make the right answer ambiguous there, raises NotHere and
changes nothing. So faults can be composed at random: try, and go elsewhere on NotHere.
"""

from auditor.worlds.faults.arrival import (
    delay,
    drop_run,
    duplicate_delivery,
    end_flow,
    hasten,
    stop_runs,
    unexpected_run,
)
from auditor.worlds.faults.files import (
    bad_record,
    change_schema,
    empty_file,
    flip_byte,
    no_records,
    odd_schema,
    rename_format,
    repeat_task,
    stuck_upload,
    truncate_file,
    wrong_compression,
)
from auditor.worlds.faults.harmless import copy_all, leave_marks
from auditor.worlds.faults.layout import malformed_folder, marker_only_folder, stray, unknown_dataset
from auditor.worlds.faults.manifests import (
    broken_manifest,
    drop_file,
    drop_manifest,
    extra_file,
    misname_manifest,
    resize,
    second_manifest,
)

__all__ = [
    "bad_record",
    "broken_manifest",
    "change_schema",
    "copy_all",
    "delay",
    "drop_file",
    "drop_manifest",
    "drop_run",
    "duplicate_delivery",
    "empty_file",
    "end_flow",
    "extra_file",
    "flip_byte",
    "hasten",
    "leave_marks",
    "malformed_folder",
    "marker_only_folder",
    "misname_manifest",
    "no_records",
    "odd_schema",
    "rename_format",
    "repeat_task",
    "resize",
    "second_manifest",
    "stop_runs",
    "stray",
    "stuck_upload",
    "truncate_file",
    "unexpected_run",
    "unknown_dataset",
    "wrong_compression",
]
