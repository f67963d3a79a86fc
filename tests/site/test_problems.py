"""Every error answers as a problem document, whatever broke."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from traderai.common.errors import (
    ConflictError,
    InputError,
    InvariantError,
    NotFoundError,
    NotReadyError,
    TraderAIError,
    TransientError,
)
from traderai.common.problems import PROBLEM_MEDIA_TYPE, TITLES, problem_responses
from traderai.site import problems, urls

ERRORS: dict[str, Exception] = {
    "input": InputError("limit must be at least 1, was 0", code="too_small", field="limit"),
    "not_found": NotFoundError("no instrument 'SBRE' (did you mean 'SBER'?)", code="unknown_ticker"),
    "conflict": ConflictError("the review has been done by somebody else"),
    "not_ready": NotReadyError("no signal is stored yet"),
    "transient": TransientError("the exchange does not answer"),
    "invariant": InvariantError("p_long was 1.3"),
    "database": OperationalError("server closed the connection, password=hush"),
    "throttled": exceptions.Throttled(wait=6.2),
}


class Positions(serializers.Serializer[Any]):
    qty = serializers.IntegerField(min_value=1)


class Order(serializers.Serializer[Any]):
    secid = serializers.CharField()
    positions = Positions(many=True)


class Raises(APIView):
    permission_classes = (AllowAny,)

    def get(self, request: Request, name: str) -> Response:
        raise ERRORS[name]


class Takes(APIView):
    permission_classes = (AllowAny,)

    def post(self, request: Request) -> Response:
        order = Order(data=request.data)
        order.is_valid(raise_exception=True)
        return Response(order.validated_data)


class Private(APIView):
    def get(self, request: Request) -> Response:
        return Response({})


def breaks(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("secret of the inside")


urlpatterns = [
    path("api/test/raises/<str:name>", Raises.as_view()),
    path("api/test/takes", Takes.as_view()),
    path("api/test/private", Private.as_view()),
    path("api/test/breaks", breaks),
    path("test/breaks", breaks),
    path("", include(urls)),
]
handler404, handler500 = urls.handler404, urls.handler500
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


def body_of(response: Any) -> dict[str, Any]:
    assert response["Content-Type"] == PROBLEM_MEDIA_TYPE
    body: dict[str, Any] = json.loads(response.content)
    assert body["status"] == response.status_code
    assert body["title"] == TITLES[response.status_code]
    assert body["type"] == "about:blank"
    assert body["request_id"]
    return body


@pytest.mark.parametrize(
    ("name", "status", "code", "retry_after"),
    [
        ("input", 422, "too_small", None),
        ("not_found", 404, "unknown_ticker", None),
        ("conflict", 409, "conflict", None),
        ("not_ready", 409, "not_ready", "60"),
        ("transient", 503, "unavailable", "5"),
        ("invariant", 500, "server_error", None),
        ("database", 503, "unavailable", "5"),
        ("throttled", 429, "throttled", "7"),
    ],
)
def test_each_error_has_its_status(name: str, status: int, code: str, retry_after: str | None):
    response = APIClient().get(f"/api/test/raises/{name}")
    assert response.status_code == status
    assert response.headers.get("Retry-After") == retry_after
    assert body_of(response)["code"] == code


def test_no_class_of_error_is_left_out():
    mapped = {kind for kind, _ in problems.STATUS_BY_ERROR} | {InvariantError}
    assert mapped == set(TraderAIError.__subclasses__())


def test_a_field_of_a_domain_error_is_named():
    body = body_of(APIClient().get("/api/test/raises/input"))
    assert body["errors"] == [
        {"field": "limit", "code": "too_small", "detail": "limit must be at least 1, was 0"}
    ]


@pytest.mark.parametrize("name", ["invariant", "database"])
def test_our_own_mistakes_tell_no_details(name: str):
    text = APIClient().get(f"/api/test/raises/{name}").content.decode()
    assert "hush" not in text and "1.3" not in text


def test_each_mistake_in_a_body_is_named_by_its_path():
    response = APIClient().post("/api/test/takes", {"positions": [{"qty": 1}, {"qty": 0}]}, format="json")
    assert response.status_code == 400
    errors = body_of(response)["errors"]
    assert [(item["field"], item["code"]) for item in errors] == [
        ("secid", "required"),
        ("positions.1.qty", "min_value"),
    ]


def test_malformed_json_is_400_and_says_where():
    response = APIClient().post("/api/test/takes", data=b'{"secid": ', content_type="application/json")
    assert response.status_code == 400
    body = body_of(response)
    assert body["code"] == "parse_error" and "JSON" in body["detail"]


@pytest.mark.parametrize("payload", ["[]", "3", '"x"', "null"])
def test_json_of_another_shape_is_400(payload: str):
    response = APIClient().post("/api/test/takes", data=payload.encode(), content_type="application/json")
    assert response.status_code == 400
    assert body_of(response)["errors"][0]["field"] in {"body", "secid"}


def test_another_media_type_is_415():
    response = APIClient().post("/api/test/takes", data=b"secid=SBER", content_type="text/plain")
    assert response.status_code == 415
    body_of(response)


def test_without_a_sign_in_the_answer_is_401_with_a_challenge():
    response = APIClient().get("/api/test/private")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Token"
    assert body_of(response)["code"] == "not_authenticated"


def test_an_unknown_path_of_the_api_is_a_problem_document():
    response = Client().get("/api/v1/nothing-here")
    assert response.status_code == 404
    assert body_of(response)["code"] == "not_found"


def test_an_unknown_page_is_a_page():
    response = Client().get("/nothing-here/")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html") and b"/nothing-here/" in response.content


@pytest.mark.parametrize(
    ("address", "kind"), [("/api/test/breaks", PROBLEM_MEDIA_TYPE), ("/test/breaks", "text/html")]
)
def test_an_unexpected_error_is_500_without_its_text(address: str, kind: str):
    response = Client(raise_request_exception=False).get(address)
    assert response.status_code == 500
    assert response["Content-Type"].startswith(kind)
    assert b"secret" not in response.content


def test_a_path_is_escaped_on_the_page():
    response = Client().get("/<script>alert(1)</script>")
    assert b"<script>alert" not in response.content


def test_the_document_knows_every_status_asked_for():
    assert set(problem_responses(*TITLES)) == {(status, PROBLEM_MEDIA_TYPE) for status in TITLES}
    with pytest.raises(KeyError):
        problem_responses(418)
