"""The shape of an error answer (RFC 9457), for the API's document; `traderai.site.problems` makes the answers."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

PROBLEM_MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_EXAMPLES = {
    400: ("invalid", "the request body is not valid JSON: Expecting value: line 1 column 1 (char 0)"),
    401: ("not_authenticated", "Authentication credentials were not provided."),
    403: ("permission_denied", "You do not have permission to perform this action."),
    404: ("unknown_ticker", "no instrument 'SBRE' (did you mean 'SBER'?)"),
    413: ("body_too_large", "the body must have at most 262144 bytes, had 300000; send less at a time"),
    415: ("unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
    409: ("not_ready", "no signal of SBER 1h 3d is stored yet; run the scoring stage and ask again"),
    422: ("invalid", "limit must be between 1 and 1000, was 5000"),
    429: ("throttled", "Request was throttled. Expected available in 7 seconds."),
    500: ("server_error", "Something broke on our side; it has been recorded under this request_id."),
    503: ("unavailable", "the database did not answer; try again"),
}


class FieldProblemSerializer(serializers.Serializer[object]):
    """What is wrong with one field of the request."""

    field = serializers.CharField(help_text="Path of the field, such as `positions.0.qty`.")
    code = serializers.CharField(help_text="A code for programs, such as `required`.")
    detail = serializers.CharField(help_text="A sentence for people.")


class ProblemSerializer(serializers.Serializer[object]):
    """An RFC 9457 problem document with our codes."""

    type = serializers.CharField(help_text="Always `about:blank`: the code says which problem it is.")
    title = serializers.CharField(help_text="The status in words.")
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What was wanted, what came and what to do.")
    code = serializers.CharField(help_text="A code for programs.")
    # `errors` of a bound serializer is what its check found; ours, never bound, is a field of the document.
    errors = FieldProblemSerializer(many=True, required=False)  # type: ignore[assignment]
    request_id = serializers.CharField(required=False, help_text="Quote it when you report a problem.")


def problem_responses(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """Return the entries of `extend_schema(responses=...)` for these error statuses.

    Use: `responses={200: AnswerSerializer, **problem_responses(404, 422)}`.
    """
    return {(status, PROBLEM_MEDIA_TYPE): _problem_response(status) for status in statuses}


def problem_example(status: int) -> dict[str, object]:
    """Return a problem document of a status."""
    code, detail = _EXAMPLES.get(status, ("error", TITLES[status]))
    return {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "5f0d3f2e-6a54-4a0e-9a0c-6f1d2f9f4b7a",
    }


def _problem_response(status: int) -> OpenApiResponse:
    example = OpenApiExample(
        TITLES[status],
        value=problem_example(status),
        response_only=True,
        status_codes=[str(status)],
        media_type=PROBLEM_MEDIA_TYPE,
    )
    return OpenApiResponse(ProblemSerializer, description=TITLES[status], examples=[example])
