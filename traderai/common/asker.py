"""Who asks, and in which language: what every view reads of a request."""

from __future__ import annotations

from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

ACCEPT_LANGUAGE = OpenApiParameter(
    "Accept-Language", str, OpenApiParameter.HEADER, description="`ru` or `en`: the language of the words."
)


def asker_id(request: Request) -> int:
    """Return the user who asks; permissions let nobody else come so far."""
    return int(request.user.pk or 0)


def language_of(request: Request) -> str:
    """Return the language asked for by the request, else the user's own."""
    asked = get_language() if "Accept-Language" in request.headers else None
    return spoken_language(asked or getattr(request.user, "language", None))


def spoken_language(language: str | None) -> str:
    """Return the product's language for a language code: ru for Russian, English for everything else."""
    return "ru" if (language or "").casefold().split("-")[0] == "ru" else "en"
