"""Worlds audited with the run records that the stand-in serves of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.ledger import Ledger
from auditor.model import AuditResult
from auditor.service import AuditOptions, run_audit
from auditor.settings import load_config
from auditor.worlds import World, lay_out, render_config
from auditor.worlds.claimed import SizeOf
from auditor.worlds.platform import FlowService, PlatformServer, Stock, describe_world, login_of


@contextmanager
def serving(world: World, *, size_of: SizeOf | None = None) -> Iterator[tuple[PlatformServer, Stock]]:
    """The stand-in, with all that Experience Platform would say of `world`."""
    with PlatformServer() as platform:
        stock = describe_world(world, stock=Stock(org_id=platform.gate.org_id), size_of=size_of)
        FlowService(platform, stock)
        yield platform, stock


def audit_crossed(
    world: World,
    home: Path,
    platform: PlatformServer,
    *,
    ledger: Ledger | None = None,
    edit: Callable[[str], str] = lambda config: config,
) -> AuditResult:
    """One audit of `world`, laid out below `home`, that asks `platform` too. `edit`: of its configuration."""
    if not (home / "exports").exists():
        lay_out(world, home / "exports")
    (home / "auditor.yaml").write_text(edit(render_config(world, platform=login_of(platform))), encoding="utf-8")
    config = load_config(home / "auditor.yaml")
    options = AuditOptions(now=world.now, is_past=True, workers=1)
    if ledger is not None:
        return run_audit(config, ledger, options)
    with Ledger.in_memory() as fresh:
        return run_audit(config, fresh, options)
