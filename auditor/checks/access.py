"""Findings about places that could not be looked into: reasons for *could not check*, never for *missing*."""

from auditor.model import FindingType, Severity

DESTINATION_UNREACHABLE = FindingType(
    code="destination-unreachable",
    family="access",
    severity=Severity.WARNING,
    meaning="A destination does not answer, or the bucket, container or root named does not exist.",
    why="Nothing there could be checked: its runs are unknown, neither good nor missing.",
    causes=(
        "the network, a proxy or the provider is down",
        "`bucket`, `region`, `endpoint_url` or `root` is mistyped",
        "the volume is not mounted",
        "the provider throttles more than the audit can wait for",
    ),
    remedy=(
        "Check the name and address in the evidence from this machine, for example with the provider's own "
        "command line. After an outage or throttling waiting helps: the next audit judges everything from "
        "storage."
    ),
)

ACCESS_DENIED = FindingType(
    code="access-denied",
    family="access",
    severity=Severity.WARNING,
    meaning="A destination accepts the credentials and refuses an operation that the audit needs.",
    why="What is behind it could not be checked: neither good nor missing.",
    causes=(
        "the identity lacks the right to list (`s3:ListBucket`) or to read (`s3:GetObject`, `kms:Decrypt`)",
        "a bucket policy or network rule excludes this machine",
        "the local user may not read the folder",
    ),
    remedy=(
        "Grant the right named in the evidence to the audit's identity, read-only and for the folder path. "
        "Waiting helps only for minutes after a policy was changed."
    ),
)

CREDENTIAL_EXPIRED = FindingType(
    code="credential-expired",
    family="access",
    severity=Severity.WARNING,
    meaning="A destination no longer accepts the credentials, or never did.",
    why="Nothing there could be checked until they are renewed: neither good nor missing.",
    causes=(
        "the session token ended during the audit",
        "the access key was rotated, disabled or deleted",
        "the key or its secret is mistyped or belongs to another provider",
    ),
    remedy=(
        "Renew the credentials and put them where the configuration reads them (`access_key_id` and "
        "`secret_access_key`, their `_file`, or the profile); then audit again. Experience Platform may "
        "use the same key: check its account too."
    ),
)

CLOCK_SKEW = FindingType(
    code="clock-skew",
    family="access",
    severity=Severity.WARNING,
    meaning="The clock of this machine and that of the provider differ by minutes.",
    why="Providers refuse signed requests, and due times are judged by the same wrong clock.",
    causes=(
        "time synchronisation is switched off or blocked",
        "a virtual machine or container was suspended",
    ),
    remedy=(
        "Synchronise this machine's clock (NTP, chrony or systemd-timesyncd) and audit again; verdicts of "
        "the meantime may be early or late by the difference."
    ),
)
