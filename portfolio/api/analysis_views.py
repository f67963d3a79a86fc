"""The question about a whole portfolio."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolio.api import analysis_examples
from portfolio.api.analysis_serializers import PortfolioAnalysisSerializer, PortfolioRequestSerializer
from portfolio.risk_contracts import AskedPosition, PortfolioQuestion
from portfolio.services.analyze import portfolio_analyze
from portfolio.services.saved import saved_question
from traderai.common import clock
from traderai.common.asker import ACCEPT_LANGUAGE, asker_id, language_of
from traderai.common.problems import problem_responses


class AnalyzePortfolioView(APIView):
    """Advice, risk and rebalancing of the positions sent, or of the saved ones."""

    @extend_schema(
        operation_id="analyze_portfolio",
        summary="Analysis of a portfolio",
        tags=["portfolio"],
        parameters=[ACCEPT_LANGUAGE],
        request=PortfolioRequestSerializer,
        responses={200: PortfolioAnalysisSerializer, **problem_responses(400, 401, 404, 422)},
        examples=[
            OpenApiExample("Two positions", value=analysis_examples.QUESTION, request_only=True),
            OpenApiExample(
                "One share too heavy", value=analysis_examples.ANALYSIS, response_only=True, status_codes=["200"]
            ),
        ],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Return the analysis; nothing is stored."""
        asked = PortfolioRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        body, now = asked.validated_data, clock.now()
        question = _question(request, body)
        if "positions" not in body:
            question = saved_question(
                question=question,
                user_id=asker_id(request),
                account_id=body.get("account_id"),
                users_capital_rub=_capital_rub(request),
                now=now,
            )
        return Response(PortfolioAnalysisSerializer(portfolio_analyze(question=question, now=now)).data)


def _question(request: Request, body: dict[str, Any]) -> PortfolioQuestion:
    user: Any = request.user
    default_rub = _capital_rub(request) if "positions" in body else None
    return PortfolioQuestion(
        positions=tuple(
            AskedPosition(
                secid=one["secid"],
                qty=one["qty"],
                qty_unit=one["qty_unit"],
                side=one["side"],
                avg_price_rub=one.get("avg_price"),
                stop_rub=one.get("stop"),
            )
            for one in body.get("positions", ())
        ),
        capital_rub=body["capital"] if body.get("capital") is not None else default_rub,
        profile=body.get("risk_profile") or user.risk_profile,
        partial=body["partial"],
        horizon=body.get("horizon"),
        language=language_of(request),
    )


def _capital_rub(request: Request) -> float | None:
    user: Any = request.user
    return None if user.capital_rub is None else float(user.capital_rub)
