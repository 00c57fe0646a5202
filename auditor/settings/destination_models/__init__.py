"""The keys of each type of destination, with what they mean."""

from auditor.settings.destination_models.azure import AdlsGen2Section, AzureBlobSection
from auditor.settings.destination_models.gcs import GcsSection
from auditor.settings.destination_models.landing_zone import LandingZoneSection
from auditor.settings.destination_models.local import LocalSection
from auditor.settings.destination_models.s3 import S3Section
from auditor.settings.destination_models.section import DestinationSection
from auditor.settings.destination_models.sftp import SftpSection

__all__ = ["DESTINATION_TYPES", "DestinationSection"]

DESTINATION_TYPES: dict[str, type[DestinationSection]] = {
    "local": LocalSection,
    "s3": S3Section,
    "azure-blob": AzureBlobSection,
    "adls-gen2": AdlsGen2Section,
    "gcs": GcsSection,
    "sftp": SftpSection,
    "data-landing-zone": LandingZoneSection,
}
