"""Who may look at the model registry and switch versions: staff, by the same rights as in the admin."""

from __future__ import annotations

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class RegistryPermission(BasePermission):
    """Staff with the right to view versions; switching one needs the right to change versions."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the asker may."""
        right = "view" if request.method in SAFE_METHODS else "change"
        user = request.user
        return user.is_staff and user.has_perm(f"modeling.{right}_modelversion")
