"""Deposits under way: a few threads that take each received deposit to its end, and tell how far it has come."""

import logging
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final

from datadam.dam import deposit, withdraw
from datadam.dam.world import World
from datadam.errors import Unavailable
from datadam.model import Job

_LOG: Final = logging.getLogger(__name__)

MAX_REMEMBERED: Final = 1000  # deposits whose progress is still told; the journal knows the rest
AWAY: Final = 5.0  # seconds after which a store that was away is asked again
TURN: Final = 1.0  # seconds that an erasure waits for a deposit under way before the next one has its chance


class _Stopped(Exception):
    """The dam is being stopped: the deposit stays where it is, and resumes at the next start."""


class Works:
    """Runs `deposit.process` in the background, one contributor's reservoir at a time in the order of arrival."""

    def __init__(self, world: World) -> None:
        """Start with `settings.workers` threads and nothing to do."""
        self._world = world
        self._pool = ThreadPoolExecutor(world.settings.workers, thread_name_prefix="deposit")
        self._eraser = ThreadPoolExecutor(1, thread_name_prefix="erase")
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[None]] = {}
        self._told: dict[str, tuple[str, int, int | None]] = {}
        self._stopping = threading.Event()
        self._turns: dict[tuple[str, str], threading.Lock] = {}

    def submit(self, job: Job) -> None:
        """Take a received deposit in hand; one already under way is left alone."""
        with self._lock:
            if job.id in self._under_way or self._stopping.is_set():
                return
            turn = self._turns.setdefault((job.contributor, job.standard), threading.Lock())
            future = self._pool.submit(self._run, job.id, turn)
            self._under_way[job.id] = future
        future.add_done_callback(lambda _: self._done(job.id))

    def resume(self, jobs: Iterable[Job]) -> None:
        """Take in hand what a restart found received."""
        for job in jobs:
            self.submit(job)

    def progress(self, id: str) -> tuple[str, int, int | None] | None:
        """Stage, rows or bytes done, and of how many; None when nothing was told."""
        return self._told.get(id)

    def stop(self) -> None:
        """Break off at the next step that is told, and take no more; what is left resumes at the next start."""
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._eraser.shutdown(wait=True, cancel_futures=True)

    def erase(self) -> None:
        """Erase what was withdrawn, in the background; what cannot be erased now is tried again at the next call."""
        with self._lock:
            if not self._stopping.is_set():
                self._eraser.submit(self._erase)

    def _erase(self) -> None:
        while self._erase_free() and not self._stopping.is_set():
            pass  # those that were busy, and what was withdrawn meanwhile

    def _scrub(self) -> None:
        try:
            withdraw.scrub(self._world)
        except Exception:  # noqa: BLE001  (it stays noted, and must not keep the withdrawals)
            _LOG.exception("what was thrown away is not scrubbed yet")

    def _erase_free(self) -> bool:
        """Erase what no deposit under way reads; whether any was left for that reason."""
        busy = False
        self._scrub()
        for id in withdraw.pending(self._world):
            if self._stopping.is_set():
                break
            with ExitStack() as turns:
                # a deposit that is being judged reads its contributor's earlier files
                if not all(self._taken(turns, pair) for pair in withdraw.concerned(self._world, id)):
                    busy = True  # one that takes long, or hangs, must not keep the others
                    continue
                try:
                    withdraw.purge(self._world, id)
                except Exception:  # noqa: BLE001  (one that fails must not keep the others; it stays pending)
                    _LOG.exception("withdrawal %s is not erased yet", id)
        return busy

    def _processed(self, id: str) -> Job:
        """The deposit at its end. While the store is away it waits: no row is at fault for that."""
        while True:
            try:
                return deposit.process(self._world, id, lambda *told: self._tell(id, *told))
            except Unavailable as error:
                if not error.code.startswith("store.") or self._stopping.wait(AWAY):
                    raise
                _LOG.warning("deposit %s waits: %s", id, error.code)

    def _taken(self, turns: ExitStack, pair: tuple[str, str]) -> bool:
        """Whether the turn of a contributor and reservoir came in time; it is given back with `turns`."""
        with self._lock:
            turn = self._turns.setdefault(pair, threading.Lock())
        if not turn.acquire(timeout=TURN):
            return False
        turns.callback(turn.release)
        return True

    def _run(self, id: str, turn: threading.Lock) -> None:
        # Two deposits of one contributor into one reservoir judge each other's keys: the second must see the first.
        with turn:
            try:
                done = self._processed(id)
                if "amends" in done.facts:
                    self.erase()
            except _Stopped:
                return
            # a fault of ours must end in an answer, not in a contributor who waits
            except BaseException:  # noqa: BLE001  (a library's panic is no `Exception`)
                _LOG.exception("deposit %s broke off", id)
                deposit.give_up(self._world, id, Unavailable("deposit.broke"))

    def _tell(self, id: str, stage: str, done: int, of: int | None) -> None:
        if self._stopping.is_set():
            raise _Stopped
        with self._lock:
            self._told[id] = (stage, done, of)
            while len(self._told) > MAX_REMEMBERED:
                self._told.pop(next(iter(self._told)))

    def _done(self, id: str) -> None:
        with self._lock:
            self._under_way.pop(id, None)
