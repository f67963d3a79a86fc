"""Requests are read as strictly as the document states them."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from django.utils import translation
from rest_framework import serializers

from traderai.common.asked import BodySerializer, IdField, MomentField, MoneyField, QuerySerializer
from traderai.common.errors import InputError


class Order(BodySerializer):
    secid = serializers.CharField(max_length=5)
    qty = serializers.IntegerField(required=False)
    price = serializers.FloatField(required=False, allow_null=True)
    by_hand = serializers.BooleanField(required=False)
    direction = serializers.ChoiceField(choices=[-1, 0, 1], required=False)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    account_id = IdField(required=False)
    at = MomentField(required=False)
    capital = MoneyField(required=False)


class Query(QuerySerializer):
    kind = serializers.ChoiceField(choices=["a", "b"], required=False)
    page_size = serializers.IntegerField(default=50)
    active_only = serializers.BooleanField(default=True)


def mistakes(form: serializers.Serializer[Any]) -> dict[str, str]:
    form.is_valid()
    return {name: errors[0].code for name, errors in form.errors.items() if isinstance(errors, list)}


def test_what_the_document_allows_is_taken():
    body = {
        "secid": "SBER", "qty": 3, "price": 1, "by_hand": True, "direction": -1, "tags": ["a"], "account_id": 7,
        "at": "2024-03-01T10:00:00+03:00", "capital": 1500.5,
    }  # fmt: skip
    form = Order(data=body)
    assert form.is_valid(), form.errors
    assert form.validated_data["price"] == 1.0 and str(form.validated_data["capital"]) == "1500.50"
    assert Order(data={"secid": "SBER", "price": None}).is_valid()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("secid", 7, "wrong_type"),
        ("secid", "SBER  ", "max_length"),
        ("qty", "3", "wrong_type"),
        ("qty", True, "wrong_type"),
        ("price", "1.5", "wrong_type"),
        ("price", float("inf"), "not_finite"),
        ("by_hand", "true", "wrong_type"),
        ("by_hand", 1, "wrong_type"),
        ("direction", "-1", "wrong_type"),
        ("account_id", 0, "min_value"),
        ("account_id", 2**63, "max_value"),
        ("at", "2024-03-01T10:00:00", "no_offset"),
        ("at", "2024-03-01", "no_offset"),
        ("capital", "1500.50", "wrong_type"),
        ("qyt", 3, "unknown_field"),
    ],
)
def test_what_it_does_not_allow_is_named(field: str, value: object, code: str):
    assert mistakes(Order(data={"secid": "SBER", field: value})) == {field: code}


def test_an_unknown_field_is_told_with_the_nearest_and_each_word_of_a_list_is_looked_at():
    form = Order(data={"secid": "SBER", "qyt": 3, "tags": ["a", 1]})
    with translation.override("en"):
        assert not form.is_valid()
        assert "did you mean 'qty'?" in form.errors["qyt"][0]
    assert form.errors["tags"][1][0].code == "wrong_type"


@pytest.mark.parametrize(
    ("field", "value"), [("at", "0275-02-27T16:14:03+13:37"), ("capital", 0.001), ("capital", 1e300)]
)
def test_what_no_schema_can_state_is_refused_by_the_domain(field: str, value: object):
    with pytest.raises(InputError) as refused:
        Order(data={"secid": "SBER", field: value}).is_valid()
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("kind=a&page_size=7", {}),
        ("", {}),
        ("kind=a&kind=b", {"kind": "repeated"}),
        ("kind=", {"kind": "invalid_choice"}),
        ("page_size=٣", {"page_size": "invalid"}),
        ("page_size=1.0", {"page_size": "invalid"}),
        ("pagesize=3", {"pagesize": "unknown_field"}),
    ],
)
def test_parameters_are_known_and_said_once(query: str, said: dict[str, str]):
    form = Query(data=QueryDict(query))
    assert mistakes(form) == said
    if not query:
        assert form.validated_data == {"page_size": 50, "active_only": True}
