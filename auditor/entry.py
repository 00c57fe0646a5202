"""Where the `export-auditor` command begins."""


def main() -> None:
    """Run the command line.

    Every worker process imports this module again, as the main module of its parent (`multiprocessing`, spawn). So
    the command line, which workers have no use for, is imported only here: it takes half a second and 40 MB.
    """
    from auditor.cli import main as run

    run()
