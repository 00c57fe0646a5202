"""The log of a long-lived process: one line per event on standard error, of libraries too, and no secrets in it."""

import logging
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from auditor.logs.redaction import redact

__all__ = ["set_up_logs"]

OWN = ("auditor", "adapters")
HARDLY = ("uvicorn.access",)  # one line per request, with whatever stands in its address
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
DEEPEST = 8


def set_up_logs(level: str = "info", format: str = "json", *, stream: TextIO | None = None) -> Callable[[], None]:  # noqa: A002
    """Log from `level` on, as `json` or for a `console`; libraries from warning on, and at `debug` everything.

    Bound context (`audit`, `destination`, `run`, `thing`: structlog's context variables, `bind`) stands in each line.
    Exceptions that nobody caught are logged too. The answer undoes it all.
    """
    before = _remember()
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_shared(), structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.StackInfoRenderer(),
                redact_event,
                _renderer(format),
            ],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    _listen(handler, LEVELS[level])
    _catch()
    return before


def redact_event(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Everything in an event as plain values, without secrets, keys included."""
    return {redact(str(key)): _plain_named(str(key), value, 0) for key, value in event.items()}


class _Handler(logging.StreamHandler[TextIO]):
    """Says that a line could not be written, and nothing of the line: the usual way prints its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Told on standard error, with the place in the code."""
        kind = sys.exc_info()[0]
        if kind is not None and issubclass(kind, BrokenPipeError):
            return
        try:
            reason = kind.__name__ if kind else "unknown"
            print(f"a line of the log was lost ({reason}): {record.name}:{record.lineno}", file=sys.__stderr__)
        except (OSError, ValueError):
            return


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _renderer(format_: str) -> Processor:
    if format_ == "console":
        return structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    return structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=True)


def _listen(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    for one in [*root.handlers]:
        root.removeHandler(one)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if level == logging.DEBUG else max(level, logging.WARNING))
    for name in OWN:
        logging.getLogger(name).setLevel(level)
    for name in HARDLY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name, logger in [*logging.root.manager.loggerDict.items()]:  # what a library set up for itself
        if isinstance(logger, logging.Logger) and not name.startswith(OWN):
            logger.handlers = [kept for kept in logger.handlers if isinstance(kept, logging.NullHandler)]
            logger.propagate = True
    logging.captureWarnings(True)


def _catch() -> None:
    log = structlog.get_logger("auditor.crash")

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("an error that nobody caught", exc_info=(kind, error, trace))

    def in_thread(caught: threading.ExceptHookArgs) -> None:
        if caught.exc_type is SystemExit or caught.exc_value is None:
            return
        name = caught.thread.name if caught.thread else ""
        log.critical(
            "an error ended a thread",
            thread_name=name,
            exc_info=(caught.exc_type, caught.exc_value, caught.exc_traceback),
        )

    sys.excepthook = uncaught
    threading.excepthook = in_thread


def _plain(value: object, depth: int = 0) -> object:
    """JSON's own values, without secrets. What an object says of itself is text like any other."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if depth < DEEPEST and isinstance(value, Mapping):
        return {redact(str(key)): _plain_named(str(key), one, depth + 1) for key, one in value.items()}
    if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, bytes):
        return redact(value.decode("utf-8", "backslashreplace"))
    try:
        return redact(value if isinstance(value, str) else str(value))
    except Exception:
        return f"<{type(value).__name__}>"


def _plain_named(key: str, value: object, depth: int) -> object:
    """A value by its name: a mapping of headers has no text in which the name and the secret stand together."""
    if isinstance(value, str | bytes):
        text = value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")
        shown = redact(f"{key}: {text}")
        alone = redact(text)
        return alone if shown == f"{key}: {text}" else shown.removeprefix(f"{key}: ")
    return _plain(value, depth)


def _remember() -> Callable[[], None]:
    root = logging.getLogger()
    handlers, level, hooks = [*root.handlers], root.level, (sys.excepthook, threading.excepthook)
    levels = {name: logging.getLogger(name).level for name in (*OWN, *HARDLY)}

    def undo() -> None:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, one in levels.items():
            logging.getLogger(name).setLevel(one)
        sys.excepthook, threading.excepthook = hooks
        logging.captureWarnings(False)

    return undo
