"""Where exports go, as each type of destination is told it: parameters of target connections.

Source: *Export datasets by using the Flow Service API*, sections on target connections and their `targetSpec`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from adapters.base import inert
from auditor.flow.specs import TYPE_OF_CONNECTION_SPEC, TYPE_OF_FLOW_SPEC
from auditor.model import Compression, Encryption, FileFormat, Flow
from auditor.settings import Destination
from auditor.settings.experience_platform import ExperiencePlatformFacts

CONNECTION_SPEC: Final = {kind: spec for spec, kind in TYPE_OF_CONNECTION_SPEC.items()}
FLOW_SPEC: Final = {kind: spec for spec, kind in TYPE_OF_FLOW_SPEC.items()}
_NAMES: Final = {"s3": ("bucketName", "bucket"), "gcs": ("bucketName", "bucket"), "azure-blob": ("container",) * 2}
_PATH: Final = re.compile(r"[0-9a-zA-Z/!_.*'()-]+", re.ASCII)
"""Characters that the `targetSpec` of S3, Blob and Google allows in a path."""


def find_place_obstacles(flow: Flow, destination: Destination, platform: ExperiencePlatformFacts) -> Iterator[str]:
    """Why Experience Platform cannot export there, or not so, each with what to do."""
    at = f"destinations.{destination.name}"
    if destination.type not in CONNECTION_SPEC:
        yield f"{at}.type: Experience Platform does not export to {destination.type}; choose another destination"
        return
    if not (folder := destination.facts.folder):
        yield f"{at}.folder: is missing; Experience Platform wants a folder path"
    elif destination.type in _NAMES and not _PATH.fullmatch(folder):
        told = "digits, letters without accents and ! - _ . * ' ( ) /"
        yield f"{at}.folder: {inert(folder)!r} is no folder path that Experience Platform takes ({told})"
    if destination.type in ("s3", "gcs") and destination.options.get("endpoint_url"):
        yield f"{at}.endpoint_url: Experience Platform exports to the provider's own servers only"
    if not _is_zone_of(destination, platform):
        yield f"{at}: is the landing zone of another sandbox than exports to {platform.name} go to"
    yield from _find_file_obstacles(flow)


def _find_file_obstacles(flow: Flow) -> Iterator[str]:
    at = f"flows.{flow.name}"
    if flow.format is FileFormat.JSON and flow.compression is Compression.NONE:
        yield f"{at}.compression: JSON is exported compressed only; write compression: gzip"
    if flow.encryption is not Encryption.NONE:
        yield f"{at}.encryption: no call is documented that makes dataset exports encrypted; set this flow up by hand"
    if flow.manifest:
        yield (
            f"{at}.manifest: no call is documented that gives dataset exports a manifest; write manifest: false, or "
            "set this flow up by hand"
        )


def _is_zone_of(destination: Destination, platform: ExperiencePlatformFacts) -> bool:
    """A landing zone belongs to one sandbox. Of a fixed address that cannot be told."""
    login = destination.options.get("experience_platform")
    if destination.type != "data-landing-zone" or not isinstance(login, Mapping):
        return True
    return (login.get("org_id"), login.get("sandbox")) == (platform.org_id, platform.sandbox)


def make_params(flow: Flow, destination: Destination) -> dict[str, str]:
    """`params` of a target connection without obstacles."""
    params = {"mode": "Server-to-server"}
    if names := _NAMES.get(destination.type):
        params[names[0]] = str(destination.options[names[1]])
    if destination.type == "sftp":
        top = "/" if destination.options.get("root") == "/" else ""
        params["remotePath"] = f"{top}{destination.facts.folder}"
    else:
        params["path"] = destination.facts.folder
    params["compression"] = "GZIP" if flow.compression is Compression.GZIP else "NONE"
    params["datasetFileType"] = "JSON" if flow.format is FileFormat.JSON else "PARQUET"
    return params
