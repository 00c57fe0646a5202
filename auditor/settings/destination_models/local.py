"""`type: local`."""

from collections.abc import Mapping

from auditor.settings.destination_models.section import DestinationSection
from auditor.settings.fields import NEEDED, Text
from auditor.settings.secret_keys import file_key


class LocalSection(DestinationSection):
    """A folder on this machine, or a mounted volume."""

    root: Text = file_key(
        "The folder that stands for the bucket; relative to the configuration file. `~` is the home folder.",
        default=NEEDED,
        example="./exports",
        given=...,
    )

    def place(self, options: Mapping[str, object], /) -> str:
        return str(options["root"])
