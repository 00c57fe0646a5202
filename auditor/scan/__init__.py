"""What does exist: a destination's listing becomes export folders. Observes; makes no findings."""

from auditor.scan.destination import Scan, scan_destination
from auditor.scan.earlier import Earlier, Listing, Part, Recalled
from auditor.scan.layout import Above, Foreign, Layout, Malformed, Placed, Placement
from auditor.scan.manifest import read_manifest
from auditor.scan.names import FileKind, SparkName, file_kind, run_id_in_name, spark_name
from auditor.scan.observed import MalformedFolder, Partition, Strays, UnknownDataset
from auditor.scan.template import TemplateError, parse_template

__all__ = [
    "Above",
    "Earlier",
    "FileKind",
    "Foreign",
    "Layout",
    "Listing",
    "Malformed",
    "MalformedFolder",
    "Part",
    "Partition",
    "Placed",
    "Placement",
    "Recalled",
    "Scan",
    "SparkName",
    "Strays",
    "TemplateError",
    "UnknownDataset",
    "file_kind",
    "parse_template",
    "read_manifest",
    "run_id_in_name",
    "scan_destination",
    "spark_name",
]
