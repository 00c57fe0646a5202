"""`type: sftp`."""

from collections.abc import Iterator, Mapping

from auditor.settings.destination_models.names import Fingerprint, Host, Port, ServerFolderPath
from auditor.settings.destination_models.section import DestinationSection, Fault
from auditor.settings.fields import Text, key, needed
from auditor.settings.secret_keys import Secret, file_key, secret_key

_NO_HOST_KEY = (
    "names no host key, so that nobody could tell the server from another one; add known_hosts_file: "
    "~/.ssh/known_hosts, or host_key_fingerprint"
)


class SftpSection(DestinationSection):
    """An SFTP server. Without password or key: the keys of the SSH agent. Its host key must be known."""

    host: Host = needed("Name or address of the server.", example="sftp.example.com")
    port: Port | None = key("Its port.", default="22", example="22")
    username: Text = needed("Who logs in.", example="audit")
    folder: ServerFolderPath = key(
        "The folder path typed in Experience Platform, used as given: with a slash in front from the top of the "
        "server, without one from where the login ends.",
        default="(empty)",
        example="/data/exports",
        given="",
    )
    password: Secret | None = secret_key("Its password.", default="the SSH agent", example="${AUDIT_SFTP_PASSWORD}")
    private_key_file: Text | None = file_key(
        "Private key (Ed25519, RSA or ECDSA); relative to the configuration.",
        default="the SSH agent",
        example="~/.ssh/export-audit",
    )
    passphrase: Secret | None = secret_key("Passphrase of the private key.", example="${AUDIT_SFTP_PASSPHRASE}")
    known_hosts_file: Text | None = file_key(
        "File with the server's host key, as OpenSSH keeps it; relative to the configuration. This or the fingerprint "
        "is needed.",
        example="~/.ssh/known_hosts",
    )
    host_key_fingerprint: Fingerprint | None = key(
        "Fingerprint of the server's host key. This or the file is needed.",
        default="none",
        example='"SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8"',
    )

    def place(self, _options: Mapping[str, object], /) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        start = "" if self.folder.startswith("/") else "/~"  # as addresses of SFTP say "relative to the login"
        return f"sftp://{self.username}@{host}:{self.port or 22}{start}"

    def split_folder(self) -> tuple[str, dict[str, object]]:
        return self.folder.strip("/"), {"root": "/"} if self.folder.startswith("/") else {}

    def find_contradictions(self) -> Iterator[Fault]:
        yield from self.find_two_ways(("password",), ("private_key_file",))
        if self.has("passphrase") and self.private_key_file is None:
            yield self.written("passphrase"), "stands without private_key_file; add the key, or remove it"
        if self.known_hosts_file is None and self.host_key_fingerprint is None:
            yield "", _NO_HOST_KEY
        if self.known_hosts_file is not None and self.host_key_fingerprint is not None:
            yield "host_key_fingerprint", "stands beside known_hosts_file; keep one of them"
