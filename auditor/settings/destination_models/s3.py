"""`type: s3`."""

from collections.abc import Iterator, Mapping

from auditor.settings.destination_models.names import Endpoint, S3Bucket
from auditor.settings.destination_models.section import DestinationSection, Fault
from auditor.settings.fields import Text, YesNo, key, needed
from auditor.settings.secret_keys import Secret, secret_key


class S3Section(DestinationSection):
    """Amazon S3, or a server that speaks its protocol. Without keys or profile: the usual AWS chain."""

    bucket: S3Bucket = needed("Name of the bucket.", example="acme-aep-exports")
    region: Text | None = key("Region of the bucket.", default="from the AWS chain", example="eu-central-1")
    endpoint_url: Endpoint | None = key(
        "Address of another server that speaks S3.", default="Amazon's", example="https://s3.example.com:9000"
    )
    profile: Text | None = key("Named profile of the AWS configuration.", default="none", example="backup-audit")
    access_key_id: Secret | None = secret_key("Access key id.", default="from the AWS chain", example="${AUDIT_KEY_ID}")
    secret_access_key: Secret | None = secret_key(
        "Its secret.", default="from the AWS chain", example="${AUDIT_SECRET}"
    )
    session_token: Secret | None = secret_key("Token of a temporary key.", example="${AUDIT_TOKEN}")
    role_arn: Text | None = key(
        "Role to assume for reading.", default="none", example="arn:aws:iam::123456789012:role/export-audit"
    )
    external_id: Text | None = key("External id that the role asks for.", default="none", example="acme-1")
    requester_pays: YesNo | None = key("Accept that the reader pays for requests.", default="false", example="false")

    def place(self, _options: Mapping[str, object], /) -> str:
        return f"s3://{self.bucket}" + (f" at {self.endpoint_url}" if self.endpoint_url else "")

    def find_contradictions(self) -> Iterator[Fault]:
        yield from self.find_halves("access_key_id", "secret_access_key", without="the AWS chain")
        if self.has("session_token") and not self.has("access_key_id"):
            yield "", "has session_token without access_key_id and secret_access_key; add them"
        if self.profile is not None and self.has("access_key_id"):
            yield "profile", "stands beside access_key_id; keep one of them"
        if self.external_id is not None and self.role_arn is None:
            yield "external_id", "stands without role_arn; add the role, or remove it"
