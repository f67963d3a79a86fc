"""The words of an explanation: for each code of `signals.kernels.facts` one translatable sentence, or several that say
the same; which of them is said hangs on the share and the bar.
"""

from __future__ import annotations

from typing import Any, Final

from signals.phrases.behind import COMPANY, COUNCIL, MARKET, NEWS
from signals.phrases.call import CALL
from signals.phrases.model import MODEL, NOTICE, REGIME, RISK
from signals.phrases.picture import PICTURE

PHRASES: Final[dict[str, Any]] = (
    CALL | PICTURE | MARKET | COUNCIL | COMPANY | NEWS | REGIME | MODEL | RISK | NOTICE
)
