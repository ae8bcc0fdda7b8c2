"""The loop that runs jobs: concurrency, heartbeat, and the rescue of jobs whose worker died."""

import asyncio
import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import procrastinate
from procrastinate.exceptions import ConnectorException

from app.core.telemetry import get_logger

_RECONNECT_S = 2.0

# A dead worker leaves its jobs "doing" for ever. One statement finds and frees them, so that two sweepers cannot
# both free a job that has been taken up again meanwhile. A job that goes on taking its worker down is given up.
# Where a successor waits under the same queueing lock, the lost job is dropped: the lock allows one waiting job, and
# the successor does the same work. Freeing does not notify by itself; the notice spares the wait for the next poll.
_RESCUE = """
with lost as (
    select job.id, job.attempts, job.queueing_lock
      from procrastinate_jobs job
      left join procrastinate_workers worker on worker.id = job.worker_id
     where job.status = 'doing'
       and (worker.id is null or worker.last_heartbeat < now() - make_interval(secs => %(stalled_s)s))
       for update of job skip locked
), judged as (
    select lost.id,
           case when lost.attempts + 1 >= %(attempts)s then 'give up'
                when lost.queueing_lock is null then 'free'
                when exists (select from procrastinate_jobs next
                              where next.status = 'todo' and next.queueing_lock = lost.queueing_lock)
                     or row_number() over (partition by lost.queueing_lock order by lost.id) > 1 then 'drop'
                else 'free' end as verdict
      from lost
), freed as (
    select judged.id,
           procrastinate_retry_job_v2(judged.id, now(), null, null, null),
           pg_notify('procrastinate_any_queue_v1',
                     json_build_object('type', 'job_inserted', 'job_id', judged.id)::text)
      from judged where verdict = 'free'
), dropped as (
    select judged.id, procrastinate_finish_job_v1(judged.id, 'aborted', true) from judged where verdict = 'drop'
), given_up as (
    select judged.id, procrastinate_finish_job_v1(judged.id, 'failed', false) from judged where verdict = 'give up'
)
select (select count(*) from freed) as freed,
       (select count(*) from dropped) as dropped,
       (select count(*) from given_up) as given_up
"""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """
    How a worker runs; all times in seconds.

    A killed worker's job runs again after at most ``stalled_s + sweep_s`` and the time of a poll. A stopping worker
    gives no sign of life: a job that takes longer than ``stalled_s`` to end may be begun by another worker, so jobs
    must bear to run twice.

    :ivar most_attempts: attempts after which a job whose worker died is left as failed, not freed again.
    """

    concurrency: int = 4
    poll_s: float = 2.0
    heartbeat_s: float = 5.0
    stalled_s: float = 20.0
    sweep_s: float = 5.0
    most_attempts: int = 20


class JobWorker:
    """Runs the jobs of an application until told to stop; survives the loss of the database connection."""

    def __init__(self, app: procrastinate.App, options: WorkerOptions | None = None) -> None:
        self._app = app
        self._options = options or WorkerOptions()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[None] | None = None
        self._stopping = False

    def run(self, *, install_signals: bool = False) -> None:
        """
        Work until ``stop``; jobs at hand are finished first.

        :param install_signals: stop on SIGINT and SIGTERM too (main thread only).
        """
        asyncio.run(self._main(install_signals))

    def stop(self) -> None:
        """Ask the worker to stop; may be called from any thread, and again without harm."""
        if self._stopping:
            return  # a second cancellation would cut off the jobs at hand
        self._stopping = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself meanwhile
                self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    async def _main(self, install_signals: bool) -> None:
        self._loop = asyncio.get_running_loop()
        # Jobs are plain functions run in threads; the default pool would be smaller than the concurrency.
        self._loop.set_default_executor(ThreadPoolExecutor(self._options.concurrency + 1, "job"))
        if install_signals:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._loop.add_signal_handler(number, self.stop)
        while not self._stopping:
            self._running = asyncio.create_task(self._work())
            try:
                await self._running
            except asyncio.CancelledError:
                break
            except (ConnectorException, OSError) as error:
                _log.warning("jobs.worker_lost_database", error=repr(error))
            if not self._stopping:
                await asyncio.sleep(_RECONNECT_S)

    async def _work(self) -> None:
        options = self._options
        async with self._app.open_async():
            sweeper = asyncio.create_task(self._sweep())
            try:
                await self._app.run_worker_async(
                    concurrency=options.concurrency,
                    fetch_job_polling_interval=options.poll_s,
                    update_heartbeat_interval=options.heartbeat_s,
                    stalled_worker_timeout=options.stalled_s,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                )
            finally:
                sweeper.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await sweeper

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._options.sweep_s)
            try:
                row = await self._app.connector.execute_query_one_async(
                    _RESCUE, stalled_s=self._options.stalled_s, attempts=self._options.most_attempts
                )
            except ConnectorException as error:
                _log.warning("jobs.sweep_failed", error=repr(error))
                continue
            if any(row.values()):
                _log.warning("jobs.rescued", **row)
