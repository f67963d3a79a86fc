"""The content security policy of each area: the Mini App is the strictest, the admin's skin needs eval."""

from __future__ import annotations

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase


class AreaCSPMiddleware(CSPMiddleware):
    """Send the policy of the area that the path lies in (`settings.CSP_AREAS`), else the default one."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Return django-csp's parts with the directives of the area."""
        parts = super().get_policy_parts(request=request, response=response, report_only=report_only)
        if not report_only:
            for prefix, directives in settings.CSP_AREAS:
                if request.path_info.startswith(prefix):
                    parts.config = directives
                    break
        return parts
