"""The bars and the horizon by which told signals are looked up.

What is neither is refused, because nothing found would read like nothing said. Those that serve no more are asked for as
well: their signals stay.
"""

from __future__ import annotations

from market.contracts import Timeframe
from modeling.contracts import Horizon
from traderai.common.errors import InputError


def timeframe_written(value: str) -> None:
    """Check the code of a timeframe.

    Raises: InputError for what is none, or is another name of one.
    """
    code = Timeframe.parse(value).value
    if value != code:
        raise InputError(
            f"timeframe must be written {code!r}, was {value!r}", code="unknown_timeframe", field="timeframe"
        )


def horizon_written(value: str) -> None:
    """Check the name of a horizon.

    Raises: InputError for what is none.
    """
    try:
        Horizon.parse(value)
    except ValueError as error:
        raise InputError(str(error), code="unknown_horizon", field="horizon") from error
