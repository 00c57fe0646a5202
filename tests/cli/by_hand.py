"""Every type of destination as somebody would write it into a configuration, on the real servers of the tests.

Each `Written` is a section of YAML, the files and variables that it names, and what of that is secret: in the right
form, and in a wrong one that the same server refuses. The three ways to give a secret are spread over them.
"""

import base64
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from auditor.worlds.platform import AmazonZone, AzureZone, PlatformServer, serve_landing_zone
from tests.conformance.adls_place import AdlsPlace
from tests.conformance.azure_place import AzurePlace
from tests.conformance.gcs_place import GcsHmacPlace, GcsPlace
from tests.conformance.landing_zone_place import FOLDER as ZONE_FOLDER
from tests.conformance.landing_zone_place import AmazonZonePlace
from tests.conformance.places import Place, S3Place
from tests.conformance.sftp_place import SftpPlace
from tests.servers.azurite import ACCOUNT, ACCOUNT_KEY, shared_azurite
from tests.servers.dfs import Lake, shared_lake
from tests.servers.fake_entra import Certificate, make_certificate
from tests.servers.fake_gcs import shared_fake_gcs
from tests.servers.fake_s3 import Answer, Request, Script, fake_s3
from tests.servers.https_front import https_front
from tests.servers.played_gcs import no_token, token, write_service_account
from tests.servers.seaweedfs import shared_seaweedfs
from tests.servers.sshd import Sshd, shared_sshd

WRONG_KEY = "bm9ib2R5IGtub3dzIHRoaXMga2V5IG9mIHRoZSBhY2NvdW50"  # base64, as Azure's keys are
WRONG = "not/the+secret=of&anybody"  # which base64 and the encoding of URLs would change
WRONG_SIGNATURE = "bm9ib2R5JTJGc2lnbmVkK3RoaXM%3D"
FOLDER = "back ups"
IN_A_YEAR = datetime.now(UTC) + timedelta(days=365)  # an end that is near would be a finding of its own
PASSPHRASE = "correct horse/battery+staple"


@dataclass(frozen=True)
class Written:
    """One destination in a configuration."""

    place: Place
    section: tuple[str, ...]  # lines below its name
    secrets: Mapping[str, str]  # right one -> wrong one; of the section, the files and the variables
    files: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    platform: str = ""  # the section `experience_platform`
    folder: str = FOLDER  # as keys begin in a report
    address: str = ""  # of the folder, for `verify`, where the type has one
    address_variables: Mapping[str, str] = field(default_factory=dict)  # where the vendor's own tools take logins from

    @property
    def type(self) -> str:
        return self.section[0].removeprefix("type: ")

    def lay_out(self, home: Path, *, wrong: bool = False) -> dict[str, str]:
        """Writes the files that are named. Gives the variables to set."""
        for name, text in self.files.items():
            (home / name).parent.mkdir(exist_ok=True)
            (home / name).write_text(self._spoilt(text) if wrong else text)
            (home / name).chmod(0o600)
        return {name: self._spoilt(value) if wrong else value for name, value in self.variables.items()}

    def sections(self, name: str, *, wrong: bool = False) -> tuple[str, str]:
        """The destination's lines, indented, and the platform's."""
        text = f"  {name}:\n" + "".join(f"    {line}\n" for line in self.section)
        return (self._spoilt(text), self._spoilt(self.platform)) if wrong else (text, self.platform)

    def login(self, *, wrong: bool = False) -> dict[str, str]:
        """The variables that let the vendor's own tools in."""
        return {name: self._spoilt(value) if wrong else value for name, value in self.address_variables.items()}

    def _spoilt(self, text: str) -> str:
        for right, instead in self.secrets.items():
            text = text.replace(right, instead)
        return text


@contextmanager
def _s3() -> Iterator[Written]:
    with shared_seaweedfs() as server:
        place = S3Place(server)
        yield Written(
            place,
            (
                "type: s3",
                f"bucket: {place.bucket}",
                f"folder: {FOLDER}",
                f"endpoint_url: {server.endpoint_url}",
                "region: us-east-1",
                "access_key_id: owner-key",
                "secret_access_key: ${AUDIT_S3_SECRET}",
            ),
            {"owner-secret": WRONG},
            variables={"AUDIT_S3_SECRET": "owner-secret"},
            address=f"s3://{place.bucket}/{FOLDER}",
            address_variables={
                "AWS_ENDPOINT_URL_S3": server.endpoint_url,
                "AWS_ACCESS_KEY_ID": "owner-key",
                "AWS_SECRET_ACCESS_KEY": "owner-secret",
                "AWS_DEFAULT_REGION": "us-east-1",
            },
        )


@contextmanager
def _azure_by_connection_string() -> Iterator[Written]:
    with shared_azurite() as server:
        place = AzurePlace(server)
        yield Written(
            place,
            (
                "type: azure-blob",
                f"container: {place.container}",
                f"folder: {FOLDER}",
                "connection_string_file: azure-connection",
            ),
            {ACCOUNT_KEY: WRONG_KEY},
            files={"azure-connection": server.connection_string + "\n"},
            address=f"az://{place.container}/{FOLDER}",
            address_variables={"AZURE_STORAGE_CONNECTION_STRING": server.connection_string},
        )


@contextmanager
def _azure_by_key() -> Iterator[Written]:
    with shared_azurite() as server:
        place = AzurePlace(server)
        yield Written(
            place,
            (
                "type: azure-blob",
                f"container: {place.container}",
                f"folder: {FOLDER}",
                f"account_url: {server.account_url}",
                "account_key: ${AUDIT_AZURE_KEY}",
            ),
            {ACCOUNT_KEY: WRONG_KEY},
            variables={"AUDIT_AZURE_KEY": ACCOUNT_KEY},
        )


@contextmanager
def _azure_by_sas() -> Iterator[Written]:
    with shared_azurite() as server:
        place = AzurePlace(server)
        sas = server.container_sas(place.container, expiry=IN_A_YEAR)
        yield Written(
            place,
            (
                "type: azure-blob",
                f"container: {place.container}",
                f"folder: {FOLDER}",
                f"account_url: {server.account_url}",
                f"sas_token: '{sas}'",
            ),
            {_signature(sas): WRONG_SIGNATURE},
        )


@contextmanager
def _adls() -> Iterator[Written]:
    with shared_lake() as lake, TemporaryDirectory() as folder:
        certificate = make_certificate(Path(folder))
        with https_front(lake.proxy.address, certificate, below=f"/{ACCOUNT}") as address:
            yield _on_a_lake(lake, certificate, address)


def _on_a_lake(lake: Lake, certificate: Certificate, address: str) -> Written:
    place = AdlsPlace(lake)
    sas = lake.azurite.container_sas(place.file_system)
    return Written(
        place,
        (
            "type: adls-gen2",
            f"file_system: {place.file_system}",
            f"folder: {FOLDER}",
            f"account_url: {lake.account_url}",
            "account_key_file: lake-key",
        ),
        {ACCOUNT_KEY: WRONG_KEY, _signature(sas): WRONG_SIGNATURE},
        files={"lake-key": ACCOUNT_KEY},
        address=f"abfss://{place.file_system}@{address.removeprefix('https://')}/{FOLDER}",
        address_variables={
            "AZURE_STORAGE_ACCOUNT": "127",  # the first part of the host's name
            "AZURE_STORAGE_SAS_TOKEN": sas,
            "REQUESTS_CA_BUNDLE": str(certificate.file),
        },
    )


@contextmanager
def _gcs() -> Iterator[Written]:
    with TemporaryDirectory() as folder, ExitStack() as stack:
        right, wrong = (write_service_account(Path(folder) / name, "") for name in ("right", "wrong"))
        issuer = stack.enter_context(fake_s3(_tokens_for(json.loads(right.read_text())["private_key"])))
        account = json.loads(right.read_text()) | {"token_uri": f"{issuer.endpoint_url}/token"}
        server = stack.enter_context(shared_fake_gcs())
        place = GcsPlace(server)
        yield Written(
            place,
            (
                "type: gcs",
                f"bucket: {place.bucket}",
                f"folder: {FOLDER}",
                f"endpoint_url: {server.endpoint_url}",
                "service_account_file: keys/audit.json",
            ),
            {_private_key(right): _private_key(wrong)},
            files={"keys/audit.json": json.dumps(account)},
            address=f"gs://{place.bucket}/{FOLDER}",
            address_variables={"STORAGE_EMULATOR_HOST": server.endpoint_url},
        )


def _tokens_for(private_key: str) -> Script:
    """Google's token server for one account: whoever signed with another key gets none."""
    public = load_pem_private_key(private_key.encode(), None).public_key()

    def answer(request: Request) -> Answer:
        signed, _, signature = request.query["assertion"].rpartition(".")
        try:
            public.verify(base64.urlsafe_b64decode(signature + "=="), signed.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return no_token("invalid_grant", "Invalid JWT Signature.")
        return token()

    return answer


def _private_key(account: Path) -> str:
    """As it stands in the file."""
    return json.dumps(json.loads(account.read_text())["private_key"])[1:-1]


@contextmanager
def _gcs_by_hmac() -> Iterator[Written]:
    with shared_seaweedfs() as server:
        place = GcsHmacPlace(server)
        yield Written(
            place,
            (
                "type: gcs",
                f"bucket: {place.bucket}",
                f"folder: {FOLDER}",
                f"endpoint_url: {server.endpoint_url}",
                "hmac_access_id: owner-key",
                "hmac_secret_file: hmac",
            ),
            {"owner-secret": WRONG},
            files={"hmac": "owner-secret\n"},
        )


@contextmanager
def _sftp() -> Iterator[Written]:
    with TemporaryDirectory() as folder, shared_sshd() as server, _agent(Path(folder), server) as socket:
        place = SftpPlace(server)
        root = server.path_of(place.root).rstrip("/")
        yield Written(
            place,
            (
                "type: sftp",
                f"host: {server.host}",
                f"port: {server.port}",
                f"username: {server.username}",
                f"folder: {root}/{FOLDER}",
                "private_key_file: audit-key",
                f"passphrase: '{PASSPHRASE}'",
                "known_hosts_file: ~/.ssh/known_hosts",
            ),
            {PASSPHRASE: WRONG},
            files={"audit-key": _locked(server, Path(folder)), ".ssh/known_hosts": server.known_hosts("ed25519")},
            folder=f"{root.lstrip('/')}/{FOLDER}",
            address=f"sftp://{server.username}@{server.host}:{server.port}{root}/{FOLDER}",
            address_variables={"SSH_AUTH_SOCK": str(socket)},
        )


def _locked(server: Sshd, folder: Path) -> str:
    """The client's key with a passphrase."""
    copy = folder / "locked"
    copy.write_bytes(server.private_key_file.read_bytes())
    copy.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", PASSPHRASE, "-f", copy], check=True, stdout=DEVNULL)
    return copy.read_text()


@contextmanager
def _agent(folder: Path, server: Sshd) -> Iterator[Path]:
    """An SSH agent that holds the client's key."""
    socket = folder / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=DEVNULL)
    try:
        until = time.monotonic() + 10
        while not socket.exists() and time.monotonic() < until:
            time.sleep(0.01)
        environ = {**os.environ, "SSH_AUTH_SOCK": str(socket)}
        subprocess.run(["ssh-add", "-q", server.private_key_file], check=True, stdin=DEVNULL, env=environ)
        yield socket
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _zone_on_azure() -> Iterator[Written]:
    with shared_azurite() as server, PlatformServer() as platform:
        place = AzurePlace(server)
        sas = server.container_sas(place.container, expiry=IN_A_YEAR)
        serve_landing_zone(platform, lambda _: AzureZone(ACCOUNT, place.container, sas, endpoint=server.account_url))
        yield Written(
            place,
            ("type: data-landing-zone", f"folder: {FOLDER}", "experience_platform: on-azure"),
            {platform.gate.client_secret: WRONG},
            variables={"AUDIT_AEP_SECRET": platform.gate.client_secret},
            platform=_platform("on-azure", platform, "client_secret: ${AUDIT_AEP_SECRET}"),
        )


@contextmanager
def _zone_on_amazon() -> Iterator[Written]:
    with shared_seaweedfs() as server, PlatformServer() as platform:
        place = AmazonZonePlace(server, platform)
        zone = AmazonZone(place.bucket, ZONE_FOLDER, "owner-key", "owner-secret")
        serve_landing_zone(platform, lambda _: zone)
        yield Written(
            place,
            (
                "type: data-landing-zone",
                f"folder: {FOLDER}",
                "experience_platform: on-amazon",
                f"endpoint_url: {server.endpoint_url}",
            ),
            {platform.gate.client_secret: WRONG},
            files={"aep-secret": f"{platform.gate.client_secret}\n"},
            platform=_platform("on-amazon", platform, "client_secret_file: aep-secret"),
        )


def _platform(name: str, server: PlatformServer, secret: str) -> str:
    gate = server.gate
    lines = (f"org_id: {gate.org_id}", "sandbox: prod", f"client_id: {gate.client_id}", secret)
    lines += (f"base_url: {server.base_url}", f"token_url: {server.token_url}")
    return f"  {name}:\n" + "".join(f"    {line}\n" for line in lines)


@contextmanager
def _zone_by_sas_uri() -> Iterator[Written]:
    with shared_azurite() as server:
        place = AzurePlace(server)
        sas = server.container_sas(place.container, expiry=IN_A_YEAR)
        yield Written(
            place,
            ("type: data-landing-zone", f"folder: {FOLDER}", "sas_uri_file: zone"),
            {_signature(sas): WRONG_SIGNATURE},
            files={"zone": f"{server.account_url}/{place.container}?{sas}\n"},
        )


def _signature(sas: str) -> str:
    return sas.partition("sig=")[2].partition("&")[0]


WRITTEN: Mapping[str, Callable[[], AbstractContextManager[Written]]] = {
    "s3": _s3,
    "azure-blob by connection string": _azure_by_connection_string,
    "azure-blob by account key": _azure_by_key,
    "azure-blob by SAS": _azure_by_sas,
    "adls-gen2": _adls,
    "gcs by service account": _gcs,
    "gcs by HMAC": _gcs_by_hmac,
    "sftp": _sftp,
    "data-landing-zone on Azure": _zone_on_azure,
    "data-landing-zone on Amazon": _zone_on_amazon,
    "data-landing-zone by SAS URI": _zone_by_sas_uri,
}

ADDRESSED = ("s3", "azure-blob by connection string", "adls-gen2", "gcs by service account", "sftp")
"""Of each scheme, one that has an address."""
