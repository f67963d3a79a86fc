"""Where the market stands."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from signals.api import regime_examples as examples
from signals.api.regime_serializers import MarketRegimeSerializer, RegimeQuerySerializer
from signals.selectors.regime import INDEX, market_regime
from traderai.common import clock
from traderai.common.asker import ACCEPT_LANGUAGE, language_of
from traderai.common.clock import MOSCOW
from traderai.common.etags import conditional
from traderai.common.problems import problem_responses


class RegimeView(APIView):
    """The market's regime."""

    @extend_schema(
        operation_id="regime",
        summary="The market's regime, its history and that of the sectors",
        tags=["market"],
        parameters=[RegimeQuerySerializer, ACCEPT_LANGUAGE],
        responses={200: MarketRegimeSerializer, 304: None, **problem_responses(400, 401)},
        examples=[
            OpenApiExample("Euphoria", value=examples.REGIME, response_only=True, status_codes=["200"])
        ],
    )
    def get(self, request: Request) -> Response:
        """Return the regime as it is known now."""
        asked = RegimeQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        language = language_of(request)
        found = market_regime(days=asked.validated_data["days"], language=language, as_of=clock.now())
        answer = {name: getattr(found, name) for name in ("is_simulated", "current", "effect", "history")} | {
            "sectors": found.sectors,
            "index_secid": INDEX,
            "index": [
                {"date": bar.begin.astimezone(MOSCOW).date(), "close": bar.close} for bar in found.index
            ],
        }
        return conditional(request, MarketRegimeSerializer(answer, context={"language": language}).data)
