"""What Prometheus reads at `/metrics`: counts and times by operation, nothing by authority."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import text

from app.db.session import Database

REGISTRY: Final = CollectorRegistry()
REQUESTS: Final = Counter(
    "schoolrun_requests_total",
    "Answers by operation and status",
    ["operation", "status"],
    registry=REGISTRY,
)
SECONDS: Final = Histogram(
    "schoolrun_request_seconds", "Seconds to answer", ["operation"], registry=REGISTRY
)
QUEUED: Final = Gauge("schoolrun_jobs_queued", "Solves that wait for a worker", registry=REGISTRY)
RUNNING: Final = Gauge("schoolrun_jobs_running", "Solves that a worker has", registry=REGISTRY)
OLDEST: Final = Gauge(
    "schoolrun_oldest_job_seconds", "How long the oldest waiting solve waits", registry=REGISTRY
)
WORKERS: Final = Gauge(
    "schoolrun_workers", "Workers with a heartbeat in the last 30 seconds", registry=REGISTRY
)

_QUEUE: Final = text("""
    SELECT count(*) FILTER (WHERE job.status = 'todo'),
           count(*) FILTER (WHERE job.status = 'doing'),
           coalesce(extract(epoch FROM now() - min(event.at) FILTER (WHERE job.status = 'todo')), 0)
    FROM procrastinate_jobs job
    LEFT JOIN procrastinate_events event ON event.job_id = job.id AND event.type = 'deferred'
    WHERE job.queue_name = 'solves' AND job.task_name = 'schoolrun.solve'
""")
_WORKERS: Final = text(
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 s'"
)


def render_metrics(database: Database) -> bytes:
    """Return all metrics as Prometheus reads them, the queue's counted now."""
    with database.engine.connect() as connection:
        todo, doing, oldest_s = connection.execute(_QUEUE).one()
        workers = connection.execute(_WORKERS).scalar_one()
    QUEUED.set(todo)
    RUNNING.set(doing)
    OLDEST.set(float(oldest_s))
    WORKERS.set(workers)
    return generate_latest(REGISTRY)
