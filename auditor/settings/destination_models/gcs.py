"""`type: gcs`."""

from collections.abc import Iterator, Mapping

from auditor.settings.destination_models.names import Endpoint, GcsBucket
from auditor.settings.destination_models.section import DestinationSection, Fault
from auditor.settings.fields import Text, YesNo, key, needed
from auditor.settings.secret_keys import Secret, file_key, secret_key


class GcsSection(DestinationSection):
    """Google Cloud Storage. Without any key: application default credentials."""

    bucket: GcsBucket = needed("Name of the bucket.", example="acme-aep-exports")
    endpoint_url: Endpoint | None = key(
        "Address of another server that speaks like it.", default="Google's", example="https://storage.example.com"
    )
    service_account_file: Text | None = file_key(
        "Key file of a service account (JSON); relative to the configuration.",
        default="application default credentials",
        example="/run/secrets/gcs.json",
    )
    hmac_access_id: Secret | None = secret_key(
        "Access id of an HMAC key, the kind that Experience Platform uses.", example="${AUDIT_GCS_HMAC_ID}"
    )
    hmac_secret: Secret | None = secret_key("Its secret.", example="${AUDIT_GCS_HMAC_SECRET}")
    anonymous: YesNo | None = key("Read a public bucket without logging in.", default="false", example="false")

    def place(self, _options: Mapping[str, object], /) -> str:
        return f"gs://{self.bucket}" + (f" at {self.endpoint_url}" if self.endpoint_url else "")

    def find_contradictions(self) -> Iterator[Fault]:
        anonymous = ("anonymous",) if self.anonymous else ()
        yield from self.find_two_ways(("service_account_file",), ("hmac_access_id", "hmac_secret"), anonymous)
        yield from self.find_halves("hmac_access_id", "hmac_secret", without="application default credentials")
