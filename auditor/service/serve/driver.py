"""Has the work done by the clock of the machine: APScheduler wakes each thing, the ledger decides whether it is due.

Each thing has a thread of its own while it is at work (agronholm/apscheduler#342: one that hangs in a pool uses it up),
a wake-up that comes late is never dropped (#146), several become one, and none overlaps itself.
"""

import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC
from threading import Thread
from typing import Any

from apscheduler.executors.base import BaseExecutor, run_job
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from auditor.service.serve.working import Service

TICK_S = {"tell": 1, "send": 1}  # how often it is asked whether a thing is due
USUAL_TICK_S = 2
LOOK_AT_FILES_S = 5  # has the configuration changed?
READ_FILES_S = 60  # the same, for files it includes and files of secrets


class OwnThreads(BaseExecutor):  # type: ignore[misc]  # apscheduler has no types
    """A daemon thread per run: one that hangs in a socket keeps neither the others nor the process from ending."""

    def _do_submit_job(self, job: Any, run_times: Any) -> None:
        def run() -> None:
            try:
                events = run_job(job, job._jobstore_alias, run_times, self._logger.name)
            except BaseException:
                self._run_job_error(job.id, *sys.exc_info()[1:])
            else:
                self._run_job_success(job.id, events)

        Thread(target=run, name=job.id, daemon=True).start()


class Driver:
    """Runs one `Service` until it is told to stop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        for name in ("apscheduler.scheduler", "apscheduler.executors.default"):
            logging.getLogger(name).setLevel(logging.ERROR)  # that a thing is still at work is no warning
        self._scheduler = BackgroundScheduler(
            executors={"default": OwnThreads()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone=UTC,
        )
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin."""
        self._every(self._service.lease.total_seconds() / 4, self._service.keep_leases, "keep leases")
        self._every(LOOK_AT_FILES_S, self._look_at_files, "look at files")
        self._every(READ_FILES_S, self.reload, "read files")
        self._plan()
        self._scheduler.start()

    def reload(self) -> None:
        """Read the configuration again; what it has no more is no longer woken."""
        self._service.configured.read_again()
        self._plan()

    def stop(self, grace_s: float) -> bool:
        """Begin nothing new, give what is under way `grace_s` to end, then have it handed back. Whether all ended."""
        stop = self._service.stop
        stop.asked.set()
        self._scheduler.pause()
        patient = max(0.0, grace_s - 5.0)
        if not self._service.wait_for_work(patient):
            stop.now.set()
        ended = self._service.wait_for_work(min(5.0, grace_s))
        self._scheduler.shutdown(wait=False)
        return ended

    def _look_at_files(self) -> None:
        if self._service.configured.has_moved():
            self.reload()

    def _plan(self) -> None:
        with self._lock:
            things = self._service.things()
            for job in self._scheduler.get_jobs():
                if job.func == self._service.work and job.id not in things:
                    job.remove()
            planned = {job.id for job in self._scheduler.get_jobs()}
            for name in things.keys() - planned:
                self._every(TICK_S.get(name, USUAL_TICK_S), self._service.work, name, [name])

    def _every(self, seconds: float, call: Callable[..., Any], name: str, arguments: list[Any] | None = None) -> None:
        trigger = IntervalTrigger(seconds=seconds, timezone=UTC)
        self._scheduler.add_job(call, trigger, args=arguments or [], id=name, name=name)
