"""Celery: stages on schedules; the database is the truth, a lost message costs delay only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from traderai.site.endpoints import broker_url, endpoint, state_dir

_STATE_DIR = state_dir(Path(__file__).resolve().parents[3])

# Without a broker the address is one that cannot be reached, so that a worker says what is wrong at once.
CELERY_BROKER_URL = broker_url(endpoint("REDIS_URL", state=_STATE_DIR)) or "redis://127.0.0.1:0/0"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    # Above the longest hard limit below: a task that outlives it would be delivered to a second worker.
    "visibility_timeout": 3 * 3600,
    # Look for messages of dead workers every 10 s; the default waits ten times as long.
    "unacked_restore_throttle": 1,
    "socket_keepalive": True,
}
CELERY_TIMEZONE = "Europe/Moscow"
CELERY_ENABLE_UTC = True

CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True

CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = False
# Each queue with the soft and hard limit of one task, in seconds.
QUEUE_LIMITS_S = {
    "ingest": (900, 960),
    "features": (1800, 1860),
    "training": (7200, 7500),
    "inference": (600, 660),
    "notify": (60, 90),
    "default": (300, 330),
}
CELERY_TASK_QUEUES = {name: {"exchange": name, "routing_key": name} for name in QUEUE_LIMITS_S}
CELERY_TASK_ROUTES = {
    "market.tasks.*": {"queue": "ingest"},
    "features.tasks.*": {"queue": "features"},
    # A degraded model must not speak on until a training has ended.
    "modeling.tasks.live_floor_check": {"queue": "inference"},
    "modeling.tasks.*": {"queue": "training"},
    "signals.tasks.*": {"queue": "inference"},
    "traderai.site.tasks.notices_due": {"queue": "notify"},
    "traderai.jobs.tasks.*": {"queue": "default"},
}

CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# Beat reads the staff's edits at least this often.
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
