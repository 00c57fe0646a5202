"""A configuration that names sandboxes of a stand-in."""

from auditor.worlds.platform import PlatformServer

SECRET = "hunter2hunter2"


def sandbox_config(server: PlatformServer, *names: str, secret: str = SECRET) -> str:
    """The section alone; each entry is called like its sandbox."""
    gate = server.gate
    lines = ["experience_platform:"]
    for name in names or ("prod",):
        lines += [
            f"  {name}:",
            f"    org_id: {gate.org_id}",
            f"    sandbox: {name}",
            f"    client_id: {gate.client_id}",
            f"    client_secret: {secret}",
            f"    base_url: {server.base_url}",
            f"    token_url: {server.token_url}",
        ]
    return "\n".join(lines) + "\n"
