"""Which part of a configuration a command looks at: names that are not in it are mistakes, not an empty answer."""

from collections.abc import Iterable

from auditor.cli.choices import complain
from auditor.model import Care
from auditor.service import AuditOptions
from auditor.settings import Config


def check_selection(config: Config, options: AuditOptions) -> None:
    """End with exit code 2 for a name that is not configured, and for names that nothing has together.

    Which flows and datasets a sandbox has whose flows are followed is known only once it was asked.
    """
    follows = any(platform.discover for platform in config.experience_platform.values())
    for option, value, known in _options(config, options):
        if value and value not in known and not (follows and option in ("--flow", "--dataset")):
            complain(f"{option} {value}: not in {config.path}; there: {', '.join(sorted(known)) or 'none'}")
    chosen = (options.selects(flow, dataset.id) for flow in config.flows.values() for dataset in flow.datasets)
    if not follows and not any(chosen):
        given = " ".join(f"{option} {value}" for option, value, _ in _options(config, options) if value)
        complain(f"{given}: no dataset in {config.path} fits all of these; leave one out")


def _options(config: Config, options: AuditOptions) -> Iterable[tuple[str, str, set[str]]]:
    datasets = [dataset for flow in config.flows.values() for dataset in flow.datasets]
    cares: list[Care] = [dataset.care for dataset in datasets]
    return (
        ("--destination", options.destination, set(config.destinations)),
        ("--flow", options.flow, set(config.flows)),
        ("--dataset", options.dataset, {dataset.id for dataset in datasets}),
        ("--team", options.team, {care.team for care in cares if care.team}),
        ("--tag", options.tag, {tag for care in cares for tag in care.tags}),
        ("--owner", options.owner, {care.owner for care in cares if care.owner}),
    )
