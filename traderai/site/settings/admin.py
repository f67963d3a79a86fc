"""The skin of the staff's admin."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "TraderAI",
    "SITE_HEADER": "TraderAI",
    "SITE_SUBHEADER": "Moscow Exchange",
    "SITE_URL": "/app/",
    "SITE_ICON": lambda request: static("app/icon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("app/icon.svg")},
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "12px",
    # Without a navigation of its own the sidebar lists every app and table.
    "SIDEBAR": {"show_search": True},
}
