"""The bars and the horizon by which told signals are looked up."""

from __future__ import annotations

from rest_framework import serializers

from market.contracts import Timeframe
from modeling.contracts import Horizon
from traderai.common.asked import QuerySerializer
from traderai.common.errors import InputError


class TermsQuerySerializer(QuerySerializer):
    """Of which bars and horizon; what is neither is refused, because nothing found would read like nothing said.

    Those that serve no more are asked for as well: their signals stay.
    """

    timeframe = serializers.CharField(required=False, max_length=8, help_text="Such as `1h`.")
    horizon = serializers.CharField(required=False, max_length=12, help_text="Such as `5d`.")

    def validate_timeframe(self, value: str) -> str:
        """Return the code of a timeframe.

        Raises: InputError for what is none.
        """
        return Timeframe.parse(value).value

    def validate_horizon(self, value: str) -> str:
        """Return a horizon.

        Raises: InputError for what is none.
        """
        try:
            Horizon.parse(value)
        except ValueError as error:
            raise InputError(str(error), code="unknown_horizon", field="horizon") from error
        return value
