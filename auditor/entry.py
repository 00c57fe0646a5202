"""Where the `export-auditor` command begins."""

import os
import signal
import sys

__all__ = ["main"]

COULD_NOT_CHECK = 3  # a crash of ours is no finding
INTERRUPTED = 128 + signal.SIGINT  # as shells tell of a command that Ctrl-C ended
TERMINATED = 128 + signal.SIGTERM
SERVE = "serve"  # told to end, a service has done all it should: 0


def main() -> None:
    """Run the command line. Ctrl-C and SIGTERM end it in order at any moment, also as a container's first process.

    Every worker process imports this module again, as the main module of its parent (`multiprocessing`, spawn). So
    the command line, which workers have no use for, is imported only here: it takes half a second and 40 MB.
    """
    signal.signal(signal.SIGTERM, _end)
    try:
        from auditor.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(0 if sys.argv[1:2] == [SERVE] else INTERRUPTED)
    except Exception:
        import traceback

        from auditor.logs import redact

        print(redact(traceback.format_exc()), file=sys.stderr, end="")
        sys.exit(COULD_NOT_CHECK)


def _end(_signal: int, _frame: object) -> None:
    if sys.argv[1:2] == [SERVE]:
        os._exit(0)  # it has opened nothing yet; an exception might be swallowed by whatever is being imported
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # who asks twice does not want to wait
    sys.exit(TERMINATED)
