"""Who is told of trainings; nobody by default."""

from __future__ import annotations

import environ

_env = environ.Env()

# MLflow's own variable: the http(s) address of a tracking server.
MLFLOW_TRACKING_URI: str = _env.str("MLFLOW_TRACKING_URI", default="")

# A folder for event files of learning curves: `tensorboard --logdir` shows them.
TENSORBOARD_DIR: str = _env.str("TENSORBOARD_DIR", default="")
