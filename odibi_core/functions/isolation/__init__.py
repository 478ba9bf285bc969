"""Function steps in a process of their own, which can be killed at a timeout.

Three processes stand between a run and a function. The *zygote* is started once, early, and only forks:
it has one thread, so what it forks is sound. For each call it forks a *guard*, which forks the *worker*
and does nothing but watch: it ends the worker and everything the worker started, when the run says so,
when the run is gone, or when the worker has ended. Data passes as Arrow in memory files (1,000,000 rows
of four columns: 13 ms to write, nothing to map), text through pipes.
"""

from odibi_core.functions.isolation.workers import IsolatedWorkers

__all__ = ["IsolatedWorkers"]
