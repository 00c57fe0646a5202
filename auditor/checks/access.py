"""Findings about places that could not be looked into: reasons for *could not check*, never for *missing*."""

from auditor.model import FindingType, Severity

DESTINATION_UNREACHABLE = FindingType(
    code="destination-unreachable",
    family="access",
    severity=Severity.WARNING,
    meaning="A destination does not answer, or the bucket, container or root named does not exist.",
    why="Nothing there could be checked: its runs are unknown, neither good nor missing.",
    causes=(
        "the network, a proxy, a firewall or the provider is down or in the way",
        "the name of the bucket, container or folder, or the address of the account or server, is mistyped",
        "the certificate or host key of the server is not the one that is known",
        "the volume is not mounted",
        "the provider throttles more than the audit can wait for",
    ),
    remedy=(
        "Check name and address in the evidence from this machine, with `export-auditor destinations check` and "
        "the provider's own tools. Ask the server's people before you believe a host key that changed. After an "
        "outage or throttling waiting helps: the next audit judges everything from storage."
    ),
)

ACCESS_DENIED = FindingType(
    code="access-denied",
    family="access",
    severity=Severity.WARNING,
    meaning="A destination, or Experience Platform, accepts the credentials and refuses what the audit needs.",
    why="What is behind it could not be checked: neither good nor missing.",
    causes=(
        "the right to list or to read is missing (`s3:ListBucket`, `Storage Blob Data Reader`, `storage.objects.get`)",
        "the objects are encrypted with a key that it may not use (`kms:Decrypt`)",
        "a policy of the bucket or account, or a network rule, excludes this machine",
        "the local user, or the user of the SFTP server, may not read the folder",
        "the credential has no role in the sandbox of Experience Platform that lets it view dataflows",
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
    meaning="A destination, or Experience Platform, no longer accepts the credentials, or never did.",
    why="Nothing there could be checked until they are renewed: neither good nor missing.",
    causes=(
        "the session token, shared access signature or fetched credential ended during the audit",
        "the key, password or service account was rotated, disabled or deleted",
        "the key or its secret is mistyped, or belongs to another account or provider",
        "nothing was given, and the provider's usual chain (environment, profile, identity, agent) has none that fits",
    ),
    remedy=(
        "Renew the credentials and put them where the configuration reads them (the value, `${ENV_NAME}`, the "
        "key's `_file`, or the provider's usual chain); try them with `export-auditor destinations check`, then "
        "audit again. Experience Platform may use the same key: check its account too."
    ),
)

FLOW_SERVICE_UNREACHABLE = FindingType(
    code="flow-service-unreachable",
    family="access",
    severity=Severity.WARNING,
    meaning="A sandbox of Experience Platform does not answer, or not as its API is documented.",
    why=(
        "What it says of its runs and flows is not known: exports that are there are judged by storage alone, and "
        "nobody can tell whether one that is not there was needed."
    ),
    causes=(
        "the network, a proxy, a firewall or Experience Platform is down or in the way",
        "the address (`base_url`, `token_url`) or the name of the sandbox is mistyped",
        "Experience Platform asks to slow down for longer than the audit waits",
        "an answer has another form than Adobe's documentation says",
    ),
    remedy=(
        "Wait for the next audit if it is an outage: run records are read later, and what was unknown is judged then. "
        "Otherwise compare addresses and sandbox in the configuration with the developer console, and show Adobe's "
        "support the request id of the evidence."
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
