"""Failed sign-ins as axes counts them, but for what a success forgets."""

from __future__ import annotations

from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.http import HttpRequest


class FailureHandler(AxesDatabaseHandler):  # type: ignore[misc]  # axes carries no types
    """Counts by name and by address; a success of one name says nothing of the guesses at others."""

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Forget the failures of the name that has signed in, and return how many rows those were.

        What its address tried under other names still counts. Otherwise whoever has an account of their own could sign in
        to it between guesses at somebody's password and never be locked out.
        """
        name = get_client_username(request, credentials)
        return int(AccessAttempt.objects.filter(username=name).delete()[0])
