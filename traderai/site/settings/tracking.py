"""Which server trainings are told to; none by default."""

from __future__ import annotations

import environ

_env = environ.Env()

# MLflow's own variable: the http(s) address of a tracking server.
MLFLOW_TRACKING_URI: str = _env.str("MLFLOW_TRACKING_URI", default="")
