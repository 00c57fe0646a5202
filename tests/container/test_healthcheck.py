"""The health check of the image: it finds the service wherever it listens, and is red when it does not answer."""

import importlib.util
import subprocess
import sys

import pytest

from auditor.web.app import make_app
from tests.container.dockerfile import TOP
from tests.servers.process import free_ports
from tests.web.served import full_state, make_config, serving

SCRIPT = TOP / "config/container/healthcheck.py"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: {address} {remote} {state} 00000000:00000000 00:00000000 00000000 {uid:5}        0 4711 1 0 100 0 0 10 0\n"
ANY = "00000000:0000"


def load():
    spec = importlib.util.spec_from_file_location("healthcheck", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECK = load()


def row(address, *, state="0A", uid=10001, remote=ANY):
    return ROW.format(address=address, remote=remote, state=state, uid=uid)


def word(number):
    """A word of 32 bits as the kernel of this machine prints the bytes of an address."""
    return f"{int.from_bytes(number, sys.byteorder):08X}"


@pytest.mark.parametrize(
    "address, expected",
    [
        (f"{word(bytes([127, 0, 0, 1]))}:1F90", ("127.0.0.1", 8080)),
        ("00000000:2328", ("127.0.0.1", 9000)),
        (f"{word(bytes([10, 1, 2, 3]))}:1F90", ("10.1.2.3", 8080)),
        (f"{'0' * 32}:1F90", ("::1", 8080)),
        (f"{'0' * 24}{word(bytes([0, 0, 0, 1]))}:0050", ("::1", 80)),
        (f"{word(bytes([0xFD, 0, 0, 0]))}{'0' * 16}{word(bytes([0, 0, 0, 7]))}:1F90", ("fd00::7", 8080)),
    ],
)
def test_an_address_of_the_kernel_is_read(address, expected):
    assert CHECK.parse_address(address) == expected


def test_only_what_listens_for_this_user_is_asked(tmp_path):
    rows = [row("00000000:1F90"), row("00000000:0016", uid=0), row("00000000:C000", state="01", remote="00000000:0050")]
    (tmp_path / "tcp").write_text(HEAD + "".join(rows))
    (tmp_path / "tcp6").write_text(HEAD + row(f"{'0' * 32}:2328"))
    assert CHECK.find_listening(10001, tmp_path) == [("127.0.0.1", 8080), ("::1", 9000)]


def test_a_kernel_without_ipv6_is_no_trouble(tmp_path):
    (tmp_path / "tcp").write_text(HEAD + row("00000000:1F90"))
    assert CHECK.find_listening(10001, tmp_path) == [("127.0.0.1", 8080)]


def test_the_service_is_alive_without_a_token():
    with serving(make_app(full_state(config=make_config(token=True)))) as server:
        assert CHECK.ask("127.0.0.1", server.port) == ""


def test_what_answers_something_else_is_not_it():
    with serving(answer_404) as server:
        assert CHECK.ask("127.0.0.1", server.port) == f"127.0.0.1 port {server.port}: status 404"


async def answer_404(scope, receive, send):
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_who_does_not_answer_is_named():
    [port] = free_ports(1)
    assert CHECK.ask("127.0.0.1", port).startswith(f"127.0.0.1 port {port}: ")


@pytest.mark.parametrize("rows, code, said", [([], 1, "nothing of user"), (["00000000:{port:04X}"], 1, "refused")])
def test_where_nothing_answers_the_container_is_unhealthy(rows, code, said, tmp_path, monkeypatch, capsys):
    [port] = free_ports(1)
    (tmp_path / "tcp").write_text(HEAD + "".join(row(one.format(port=port), uid=4711) for one in rows))
    monkeypatch.setattr(CHECK.os, "getuid", lambda: 4711)
    assert CHECK.main(tmp_path) == code
    assert said in capsys.readouterr().out


def test_where_the_service_answers_the_container_is_healthy(tmp_path, monkeypatch, capsys):
    with serving(make_app(full_state(config=make_config(token=True)))) as server:
        [other] = free_ports(1)
        (tmp_path / "tcp").write_text(
            HEAD + "".join(row(f"00000000:{port:04X}", uid=4711) for port in (other, server.port))
        )
        monkeypatch.setattr(CHECK.os, "getuid", lambda: 4711)
        assert CHECK.main(tmp_path) == 0
    assert capsys.readouterr().out == f"127.0.0.1 port {server.port}: alive\n"


def test_it_needs_nothing_but_the_standard_library():
    loads = (
        f"import runpy, sys; runpy.run_path({str(SCRIPT)!r}, run_name='loaded'); assert 'auditor' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-I", "-S", "-c", loads], timeout=60).returncode == 0
