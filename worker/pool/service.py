"""A pool's life: start the workers, answer for them, stop when asked."""

from functools import partial

import structlog

from layerwatch.health import serve_health
from layerwatch.signals import stop_on_signals
from worker.cpus import usable_cpus
from worker.lifeline import lifeline
from worker.pool.members import Pool
from worker.pool.metrics import artifacts_writable, is_ready, pool_registry
from worker.pool.places import default_workers, share_out
from worker.pool.processes import WorkerProcesses
from worker.settings import WorkerSettings

log = structlog.get_logger("worker")


def serve_pool(settings: WorkerSettings, *, workers: int) -> None:
    """Keep so many workers running, 0 for as many as the CPUs are for, until SIGTERM or Ctrl-C.

    Raises:
        SettingsError: a worker cannot start, or the port cannot be taken.
    """
    cpus = usable_cpus()
    places = share_out(settings, workers=workers or default_workers(cpus), cpus=cpus)
    with stop_on_signals() as stop, lifeline() as line:
        processes = WorkerProcesses(settings, line)
        pool = Pool(places, processes.start)
        ready = {place.name: partial(is_ready, processes.ports, place.name) for place in places}
        checks = {**ready, "artifacts": partial(artifacts_writable, processes.ports)}
        registry = pool_registry(pool, processes.ports)
        with serve_health(settings.metrics_port, checks=checks, host=settings.metrics_host, registry=registry) as port:
            log.info("pool_started", workers=len(places), cpus=cpus, metrics_port=port)
            pool.run(stop)
