"""Microsoft Entra's token endpoint for tests, over https with a certificate of its own that only the test trusts."""

import base64
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TENANT = "11111111-2222-4333-8444-555555555555"
CLIENT = "66666666-7777-4888-8999-aaaaaaaaaaaa"
SECRET = "entra-s3cr3t-never-to-be-seen"


@dataclass(frozen=True)
class Certificate:
    file: Path  # PEM; also what a client trusts (REQUESTS_CA_BUNDLE)
    key: Path


@dataclass
class FakeEntra:
    """What was asked of it, and how to log in there."""

    authority_host: str
    asked: list[dict[str, str]] = field(default_factory=list)
    valid_s: int = 3600  # of the tokens given from now on; below 0 they have ended before they begin
    refusal: tuple[int, str] | None = None  # status and AADSTS code, instead of a token

    @property
    def options(self) -> dict[str, Any]:
        """How a service principal logs in here."""
        who = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET}
        return {**who, "authority_host": self.authority_host}


def make_certificate(directory: Path) -> Certificate:
    """A self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(directory / "certificate.pem", directory / "key.pem")
    made.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    made.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return made


@contextmanager
def fake_entra(certificate: Certificate) -> Iterator[FakeEntra]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            base = f"{server.authority_host}/{TENANT}"
            endpoints = {"token_endpoint": f"{base}/oauth2/v2.0/token", "issuer": f"{base}/v2.0"}
            self.give(200, {**endpoints, "authorization_endpoint": f"{base}/oauth2/v2.0/authorize"})

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            server.asked.append({name: values[0] for name, values in form.items()})
            if server.refusal:
                status, code = server.refusal
                told = f"{code}: Something about {SECRET}. Trace ID: x"
                self.give(status, {"error": "invalid_client", "error_description": told})
            else:
                life = max(server.valid_s, 1)
                self.give(200, {"access_token": token(server.valid_s), "expires_in": life, "token_type": "Bearer"})

        def give(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # the client does not trust us, or went away
                super().handle()

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    http.handle_error = lambda *_: None  # type: ignore[method-assign]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    http.socket = context.wrap_socket(http.socket, server_side=True, do_handshake_on_connect=False)
    server = FakeEntra(f"https://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join(5)


def token(valid_s: int) -> str:
    """A bearer token as Azurite wants it, which checks everything but the signature."""
    now = int(time.time())
    claims = {
        "aud": "https://storage.azure.com",
        "iss": f"https://sts.windows.net/{TENANT}/",
        "nbf": now - 7200,
        "iat": now - 7200,
        "exp": now + valid_s,
        "appid": CLIENT,
        "tid": TENANT,
    }
    parts = [{"alg": "RS256", "typ": "JWT"}, claims]
    return ".".join([*(_encoded(json.dumps(part).encode()) for part in parts), _encoded(b"signature")])


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
