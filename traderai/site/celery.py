"""The Celery app: `celery -A traderai.site.celery worker`.

The worker's parent process uses Django and Celery only: polars, LightGBM or TensorFlow used before a fork hang the
child. Tasks therefore import what computes inside their bodies.
"""

from __future__ import annotations

import os
from fnmatch import fnmatch
from typing import Any

from celery import Celery, Task
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "traderai.site.settings.prod")


class QueueLimits:
    """Gives each task the time limits of the queue that it is routed to."""

    def annotate(self, task: Task[Any, Any]) -> dict[str, Any]:
        """Return the attributes to set on a task."""
        soft_s, hard_s = settings.QUEUE_LIMITS_S[queue_of(task.name)]
        return {"soft_time_limit": soft_s, "time_limit": hard_s}


def queue_of(task_name: str) -> str:
    """Return the name of the queue that a task is routed to."""
    routes: dict[str, dict[str, str]] = settings.CELERY_TASK_ROUTES
    for pattern, route in routes.items():
        if fnmatch(task_name, pattern):
            return route["queue"]
    return str(settings.CELERY_TASK_DEFAULT_QUEUE)


app = Celery("traderai")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_annotations = [QueueLimits()]
app.autodiscover_tasks()
