"""The errors that cross borders; the class says what happens next.

The API maps each class to one HTTP status (`traderai.site.problems`), tasks retry `TransientError` alone.
Texts say what was wanted, what came and what to do: `"horizon_bars must be at least 1, was 0"`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """What is wrong with one field of a request, such as `positions.3.qty`."""

    field: str
    code: str
    detail: str


class TraderAIError(Exception):
    """The parent of every error that we raise on purpose."""

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.field = field


class InputError(TraderAIError):
    """The caller must change the request: 422, never retried."""

    code = "invalid"


class FieldsError(InputError):
    """Several fields must be changed; each is named with its own code."""

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(problems)
        codes = {problem.code for problem in self.problems}
        detail = "; ".join(f"{problem.field}: {problem.detail}" for problem in self.problems)
        super().__init__(detail, code=codes.pop() if len(codes) == 1 else None)


class NotFoundError(TraderAIError):
    """The thing asked for does not exist: 404."""

    code = "not_found"


class SignInError(TraderAIError):
    """Who asks has not shown who they are: 401; they sign in again."""

    code = "not_authenticated"


class ForbiddenError(TraderAIError):
    """Who asks is known and may not do this: 403."""

    code = "permission_denied"


class ConflictError(TraderAIError):
    """The request clashes with what has happened meanwhile: 409."""

    code = "conflict"


class NotReadyError(TraderAIError):
    """The data are not there yet: 409 with Retry-After; the next beat tries again."""

    code = "not_ready"


class TransientError(TraderAIError):
    """The world hiccuped: 503, retried with back-off."""

    code = "unavailable"


class InvariantError(TraderAIError):
    """We are wrong: stop and look. 500 and an alarm, never retried."""

    code = "invariant_broken"


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the closest known name, or an empty string."""
    close = nearest(given, known)
    return "" if close is None else f" (did you mean {close!r}?)"


def nearest(given: str, known: Iterable[str]) -> str | None:
    """Return the closest known name, None where none is close."""
    by_fold = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(given.casefold(), list(by_fold), n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None
