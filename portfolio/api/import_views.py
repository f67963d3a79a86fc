"""Importing a broker's export."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolio.api.ledger_examples import IMPORT_ASKED, IMPORTED
from portfolio.api.ledger_serializers import RemarkSerializer
from portfolio.selectors.configuration import ledger_config_get
from portfolio.services.csv_import import trades_import
from traderai.common import clock
from traderai.common.asked import BodySerializer, IdField
from traderai.common.asker import asker_id, language_of
from traderai.common.parsers import PlainJSONParser
from traderai.common.problems import problem_responses

_UNITS = ("shares", "lots")


class ImportTextSerializer(BodySerializer):
    """The file's text in JSON."""

    content = serializers.CharField(trim_whitespace=False, help_text="The table, its header included.")
    account_id = IdField(required=False, help_text="The only account by default.")
    qty_unit = serializers.ChoiceField(
        choices=_UNITS, required=False, help_text="What quantities count, where the file does not say."
    )
    dry_run = serializers.BooleanField(default=False, help_text="Look at all of it and write nothing.")


class ImportFileSerializer(BodySerializer):
    """The file itself."""

    file = serializers.FileField(help_text="UTF-8, UTF-16 or Windows-1251.")
    account_id = IdField(required=False)
    qty_unit = serializers.ChoiceField(choices=_UNITS, required=False)
    dry_run = serializers.BooleanField(default=False)


class ImportedRowSerializer(serializers.Serializer[Any]):
    """A row that was taken."""

    row = serializers.IntegerField(help_text="Line of the file, the first is 1.")
    secid = serializers.CharField()
    side = serializers.ChoiceField(choices=["BUY", "SELL"])
    qty = serializers.IntegerField(source="qty_shares", help_text="Shares.")
    price = serializers.FloatField(source="price_rub")
    commission = serializers.FloatField(source="commission_rub")
    traded_at = serializers.DateTimeField()
    known = serializers.BooleanField(help_text="It had been imported before.")
    remarks = RemarkSerializer(many=True)


class RowProblemSerializer(serializers.Serializer[Any]):
    """A row that was not taken."""

    row = serializers.IntegerField(help_text="Line of the file, the first is 1.")
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class ImportReportSerializer(serializers.Serializer[Any]):
    """What the file held."""

    layout = serializers.CharField(help_text="own, t_investments, quik or other.")
    dry_run = serializers.BooleanField()
    rows = serializers.IntegerField()
    added = serializers.IntegerField(help_text="In a dry run: that would be added.")
    known = serializers.IntegerField()
    taken = ImportedRowSerializer(many=True)
    problems = RowProblemSerializer(many=True)


class ActionImportView(APIView):
    """Tables of trades."""

    parser_classes = (PlainJSONParser, MultiPartParser)

    @extend_schema(
        operation_id="actions_import",
        summary="Import a broker's export",
        description=(
            "Our own columns are `traded_at, secid, side, qty, qty_unit, price` and, if told, `commission, stop, "
            "signal_id, id`; tables of T-Investments' reports and of QUIK, and others with names of columns that can be "
            "understood, are read as well. The delimiter is `;`, `,`, a tab or `|`, the decimal sign a point or a comma. "
            "Broken rows are reported, the others kept; a file imported twice adds nothing."
        ),
        tags=["portfolio"],
        request={"application/json": ImportTextSerializer, "multipart/form-data": ImportFileSerializer},
        responses={200: ImportReportSerializer, **problem_responses(400, 401, 404, 422)},
        examples=[
            OpenApiExample("A preview", value=IMPORT_ASKED, request_only=True, media_type="application/json"),
            OpenApiExample("What it held", value=IMPORTED, response_only=True, status_codes=["200"]),
        ],
    )
    def post(self, request: Request) -> Response:
        """Import a file, or show what it would bring."""
        shape = ImportFileSerializer if isinstance(request.data, QueryDict) else ImportTextSerializer
        asked: serializers.Serializer[dict[str, Any]] = shape(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        report = trades_import(
            user_id=asker_id(request),
            account_id=values.get("account_id"),
            content=_content(values),
            unit=values.get("qty_unit"),
            dry_run=values["dry_run"],
            now=clock.now(),
        )
        return Response(ImportReportSerializer(report, context={"language": language_of(request)}).data)


def _content(values: dict[str, Any]) -> bytes:
    """Return the file's bytes, one more than are taken at most."""
    if "file" in values:
        content: bytes = values["file"].read(ledger_config_get().max_import_bytes + 1)
        return content
    return str(values["content"]).encode(errors="replace")
