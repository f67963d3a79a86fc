"""Examples of the API's document; the version is made up."""

from __future__ import annotations

from typing import Any

VERSION: dict[str, Any] = {
    "version": "global-swing_v1-20241230-ab12cd34",
    "slot": "forecast",
    "kind": "global",
    "recipe": "global_swing_v1",
    "state": "champion",
    "grade": "inform",
    "standing": "",
    "trained_until": "2024-12-30T19:00:00+03:00",
    "is_simulated": False,
}
SWITCH: dict[str, Any] = {"reason": "ten quiet days in shadow"}
ROLLBACK: dict[str, Any] = {
    "from_version": "global-swing_v1-20241230-ab12cd34",
    "reason": "its shorts lose since Monday",
}
