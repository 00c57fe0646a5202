"""Which connection and flow specs are dataset exports to which type of destination.

Source: *Export datasets by using the Flow Service API*, section on retrieving the specs.
"""

from collections.abc import Mapping
from typing import Final

TYPE_OF_CONNECTION_SPEC: Final[Mapping[str, str]] = {
    "4fce964d-3f37-408f-9778-e597338a21ee": "s3",
    "6d6b59bf-fb58-4107-9064-4d246c0e5bb2": "azure-blob",
    "be2c3209-53bc-47e7-ab25-145db8b873e1": "adls-gen2",
    "10440537-2a7b-4583-ac39-ed38d4b848e8": "data-landing-zone",
    "c5d93acb-ea8b-4b14-8f53-02138444ae99": "gcs",
    "36965a81-b1c6-401b-99f8-22508f1e6a26": "sftp",
}

TYPE_OF_FLOW_SPEC: Final[Mapping[str, str]] = {
    "269ba276-16fc-47db-92b0-c1049a3c131f": "s3",
    "95bd8965-fc8a-4119-b9c3-944c2c2df6d2": "azure-blob",
    "17be2013-2549-41ce-96e7-a70363bec293": "adls-gen2",
    "cd2fc47e-e838-4f38-a581-8fff2f99b63a": "data-landing-zone",
    "585c15c4-6cbf-4126-8f87-e26bff78b657": "gcs",
    "354d6aad-4754-46e4-a576-1b384561c440": "sftp",
}
"""A flow with any other spec exports audiences or profiles, or ingests: it is left out."""

DATA_LAKE: Final = "23598e46-f560-407b-88d5-ea6207e49db0"
"""Connection spec of the data lake, the source of every dataset export; its `configs` list the eligible datasets."""
