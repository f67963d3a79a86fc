"""How views are described in the API's document: what holds for every operation is said here once."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.serializers import CharField, FileField, ListSerializer

from traderai.common.asked import BodySerializer
from traderai.common.problems import problem_responses

# What any request may meet, whatever it asks: a wish for another media type than JSON, a mistake of ours, a database that
# does not answer. What guards operations is told in `traderai.site.document`.
OF_ALL = (406, 500, 503)
# The database keeps no character 0, and what is blank says nothing.
_ANY_TEXT = r"^[^\x00]*$"
_SOME_TEXT = r"^[^\x00]*[^\s\x00][^\x00]*$"


class ContractSchema(AutoSchema):
    """An operation with the errors that its view need not name."""

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        """Return the answers that the view names and the errors that every view has, by status."""
        answers: dict[str, Any] = super()._get_response_bodies(direction)
        everywhere = set(OF_ALL)
        if self._get_request_body() or any(one["in"] == "query" for one in self._get_parameters()):
            everywhere |= {400, 422}
        for (status, media_type), problem in problem_responses(*everywhere).items():
            if str(status) not in answers:
                answers[str(status)] = self._get_response_for_code(problem, str(status), [media_type])  # type: ignore[no-untyped-call]
        return dict(sorted(answers.items()))

    def _get_request_body(self, direction: Any = "request") -> Any:
        """Return the body of a request; a DELETE has one where its view names it as `delete_serializer_class`."""
        if self.method != "DELETE":
            body = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
            # Of one that may come in several forms the generator does not say that one of them must come.
            return {**body, "required": True} if body and len(body["content"]) > 1 else body
        if not hasattr(self.view, "delete_serializer_class"):
            return None
        self.method = "POST"  # the framework's generator describes no body of a DELETE
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = "DELETE"

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """Return the schema of an object; one that a request sends has no other fields than these."""
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request" and isinstance(serializer, BodySerializer):
            schema["additionalProperties"] = False
        return schema

    def _map_serializer_field(
        self, field: Any, direction: Any, bypass_extensions: bool = False
    ) -> dict[str, Any]:
        """Return the schema of a field; of text in a request it tells what our fields refuse."""
        schema: dict[str, Any] = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if direction == "request" and schema.get("type") == "string" and type(field) is CharField:
            pattern = _ANY_TEXT if field.allow_blank or not field.trim_whitespace else _SOME_TEXT
            schema.setdefault("pattern", pattern)
        if direction == "request" and isinstance(field, FileField) and not field.allow_empty_file:
            schema["minLength"] = 1
        return schema

    def _is_list_view(self, serializer: Any = None) -> bool:
        """Return whether a list is answered: where the serializer says so, whatever the view's action is called."""
        if serializer is None:
            serializer = self.get_response_serializers()
        if isinstance(serializer, dict) and serializer:
            by_status = {str(code): own for code, own in serializer.items()}
            serializer = by_status[min(by_status)]
        return isinstance(serializer, ListSerializer)
