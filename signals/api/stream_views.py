"""Server-sent events: what is told, as it is told."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any, Final

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from signals.api.stream_serializers import StreamQuerySerializer, ToldSignalSerializer
from signals.contracts import ToldSignal
from signals.services.listen import place_after, told_listen
from traderai.common.asker import asker_id
from traderai.common.errors import InputError, TransientError
from traderai.common.problems import problem_responses

STREAMS: Final = 8  # of one process: each keeps a thread of the web server busy
OF_ONE_USER: Final = 3  # two windows and one that comes back: nobody takes all of them
RECONNECT_MS: Final = 1000
_LAST_PLACE: Final = 2**63
_PLACE: Final = re.compile(r"[0-9]{1,19}")  # Python reads no number of thousands of digits
_LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID", int, OpenApiParameter.HEADER,
    description="The id of the last event that came: the stream goes on after it. Left out: from now on.",
)  # fmt: skip
_EVENT = (
    "retry: 1000\n\n"
    "id: 912\nevent: signal\n"
    'data: {"id": 912, "signal_id": 4211, "secid": "SIM01", "timeframe": "1h", "horizon": "5d", "signal": "BUY", '
    '"confidence": 67, "strength": "weak", "proven": false, "is_simulated": true, "source": "simulated", '
    '"price": 100.0, "entry": {"low": 100.0, "high": 100.2}, "take_profit": 104.0, "stop_loss": 98.0, '
    '"as_of": "2024-03-01T16:00:00+03:00", "valid_until": "2024-03-01T18:00:00+03:00", '
    '"emitted_at": "2024-03-01T16:00:04+03:00"}\n\n'
    ": nothing new\n\n"
)
# One for all events: it keeps nothing of what it represents.
_TOLD = ToldSignalSerializer()


class EventStreamRenderer(JSONRenderer):
    """Lets a listener ask for `text/event-stream`; errors, which alone are rendered, stay JSON."""

    media_type = "text/event-stream"
    format = "event-stream"


class Slots:
    """The streams that this process keeps open, by user."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Counter[int] = Counter()

    def take(self, user_id: int) -> None:
        """Take a slot.

        Raises: TransientError where all are taken, or the user's own.
        """
        with self._lock:
            if self._held[user_id] < OF_ONE_USER and self._held.total() < STREAMS:
                self._held[user_id] += 1
                return
        raise TransientError(
            f"this server keeps at most {STREAMS} streams open, {OF_ONE_USER} of one user; try again, or poll "
            "/signals?told=true",
            code="too_many_streams",
        )

    def give(self, user_id: int) -> None:
        """Give a slot back."""
        with self._lock:
            self._held[user_id] -= 1
            self._held += Counter()  # forgets who holds none


_slots = Slots()


class EventStream:
    """The bytes of one stream; its slot is given back when it is closed, also where nobody began to read."""

    def __init__(self, told: Iterator[ToldSignal | None], *, user_id: int) -> None:
        self._events = _events(told)
        self._user_id = user_id
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        return self._events

    def close(self) -> None:
        """End it and give its slot back, once."""
        if self._open:
            self._open = False
            self._events.close()
            _slots.give(self._user_id)


class SignalStreamView(APIView):
    """What is told, as it is told."""

    renderer_classes = (EventStreamRenderer, JSONRenderer)

    @extend_schema(
        operation_id="signals_stream",
        summary="Signals as they are told, as server-sent events",
        description=(
            "Read it by `fetch` with the token. Events are named `signal`, their data is JSON and their id is the place in "
            "the outbox; a comment comes every 15 seconds at the latest. The stream ends after `max_seconds`: connect "
            "again with `Last-Event-ID`, and nothing is missed. Replays are not told here. A process keeps at most "
            "eight streams, three of one user; one more is answered 503 with `Retry-After`."
        ),
        tags=["signals"],
        parameters=[StreamQuerySerializer, _LAST_EVENT_ID],
        responses={
            (200, "text/event-stream"): OpenApiResponse(
                OpenApiTypes.STR,
                description="Events; the data of each is a ToldSignal.",
                examples=[OpenApiExample("An event and a heartbeat", value=_EVENT)],
            ),
            **problem_responses(400, 401, 422, 503),
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Begin to tell."""
        asked = StreamQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        last = _last_place(request.headers.get("Last-Event-ID"))
        user_id = asker_id(request)
        _slots.take(user_id)
        try:
            place = place_after(last)
            told = told_listen(place=place, seconds=float(asked.validated_data["max_seconds"]))
            response = StreamingHttpResponse(
                EventStream(told, user_id=user_id), content_type="text/event-stream; charset=utf-8"
            )
        except BaseException:
            _slots.give(user_id)
            raise
        response["Cache-Control"] = "no-store, no-transform"
        response["X-Accel-Buffering"] = "no"  # a proxy that gathers bytes would hold the events back
        return response


def _last_place(header: str | None) -> int | None:
    if header is None:
        return None
    if not _PLACE.fullmatch(header) or int(header) >= _LAST_PLACE:
        raise InputError(
            f"Last-Event-ID must be the id of an event that came, was {header!r}; leave it out to begin now",
            code="bad_event_id",
            field="Last-Event-ID",
        )
    return int(header)


def _events(told: Iterator[ToldSignal | None]) -> Generator[bytes, None, None]:
    yield f"retry: {RECONNECT_MS}\n\n".encode()
    for one in told:
        yield b": nothing new\n\n" if one is None else _event(one)


def _event(one: ToldSignal) -> bytes:
    shown: Any = _TOLD.to_representation(one)
    data = JSONRenderer().render(shown).decode()
    return f"id: {one.id}\nevent: signal\ndata: {data}\n\n".encode()
