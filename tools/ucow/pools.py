# SPDX-License-Identifier: MIT
"""Pools of threads and of processes for the jobs of a tool. They end with it, and when their block ends with an exception.

Not in children.py, which every tool and test imports: importing the pools takes as long as the rest of it.
"""

import ctypes
import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from .children import ENDING, begin_anew, end_at_once

PR_SET_PDEATHSIG = 1


class Threads(ThreadPoolExecutor):
    """Threads for jobs. When the block ends with an exception, jobs that have not begun never do."""

    def __exit__(self, kind: object, *_: object) -> None:
        self.shutdown(wait=True, cancel_futures=kind is not None)


class Workers(ProcessPoolExecutor):
    """Processes for jobs."""

    def __init__(self, count: int | None = None) -> None:
        super().__init__(count, multiprocessing.get_context("fork"), _begin_worker, (os.getpid(),))

    def submit(self, *job: Any, **words: Any) -> Any:
        """As in ProcessPoolExecutor. A worker begins with this tool's handlers of signals, so the signals are blocked until
        _begin_worker() has set its own."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            return super().submit(*job, **words)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            for worker in multiprocessing.active_children():
                worker.terminate()
        self.shutdown(wait=True, cancel_futures=kind is not None)


def _begin_worker(parent: int) -> None:
    begin_anew()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal; the parent ends its workers
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_worker)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


def _end_worker(*_: object) -> None:
    end_at_once()
