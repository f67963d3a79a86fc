"""Staff look at what was said; nobody edits it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from signals.explain import explanation_text, told_of
from signals.models import Outcome, Signal
from traderai.common.admin import ReadOnlyAdmin
from traderai.common.clock import MOSCOW

_DASH = "–"


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    """Stored signals, newest first."""

    list_display = (
        "instrument",
        "horizon",
        "call",
        "decided",
        "confidence",
        "chance",
        "edge",
        "origin",
        "reasons",
    )
    list_display_links = ("instrument", "horizon")
    list_filter = ("action", "strength", "proven", "source", "horizon", "timeframe")
    list_select_related = ("instrument",)
    search_fields = ("instrument__secid", "model_version")
    date_hierarchy = "as_of"
    ordering = ("-as_of", "instrument_id", "horizon")
    fieldsets = (
        (None, {"fields": ("instrument", "horizon", "action", "confidence", "strength", "chance", "edge", "reasons")}),
        ("In words", {"fields": ("in_english", "in_russian")}),
        (
            "Where it comes from",
            {
                "fields": (
                    "source", "proven", "model_version", "trained_until", "timeframe", "bar_begin", "as_of",
                    "valid_until", "created_at",
                )
            },
        ),
        ("Everything that was stored", {"fields": ("payload",), "classes": ["collapse"]}),
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Show every field as text, with what is derived from the payload."""
        derived = ["chance", "edge", "reasons", "in_english", "in_russian"]
        return [*super().get_readonly_fields(request, obj), *derived]

    @display(  # type: ignore[untyped-decorator]  # unfold carries no types
        description="Call",
        ordering="action",
        label={"BUY": "success", "SELL": "warning", "HOLD": "info"},
    )
    def call(self, signal: Signal) -> tuple[str, str]:
        """Return the action with the colour of its label."""
        return signal.action, signal.get_action_display()

    @display(  # type: ignore[untyped-decorator]  # unfold carries no types
        description="Origin",
        ordering="source",
        label={"live": "success", "replay": "warning"},
    )
    def origin(self, signal: Signal) -> tuple[str, str]:
        """Return live, replay or simulated."""
        return signal.source, signal.get_source_display()

    @admin.display(description="As of, MSK", ordering="as_of")
    def decided(self, signal: Signal) -> str:
        """Return the decision time by Moscow's clock."""
        return signal.as_of.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M")

    @admin.display(description="Chance / needed")
    def chance(self, signal: Signal) -> str:
        """Return the side's probability beside the one that it needs to break even."""
        decision = signal.payload["decision"]
        if decision["p"] is None or decision["p_break_even"] is None:
            return _DASH
        return f"{100 * decision['p']:.1f} / {100 * decision['p_break_even']:.1f} %"

    @admin.display(description="Edge, pp")
    def edge(self, signal: Signal) -> str:
        """Return how far the probability lies above break-even, in points."""
        edge = signal.payload["decision"]["edge"]
        return _DASH if edge is None else f"{100 * edge:+.1f}"

    @admin.display(description="Reasons")
    def reasons(self, signal: Signal) -> str:
        """Return the codes of why there is no trade."""
        return ", ".join(signal.payload["decision"]["reasons"]) or _DASH

    @admin.display(description="English")
    def in_english(self, signal: Signal) -> SafeString:
        """Return the explanation as an English reader gets it."""
        return _paragraphs(signal, language="en")

    @admin.display(description="Russian")
    def in_russian(self, signal: Signal) -> SafeString:
        """Return the explanation as a Russian reader gets it."""
        return _paragraphs(signal, language="ru")


@admin.register(Outcome)
class OutcomeAdmin(ReadOnlyAdmin):
    """What came of what was told, newest first; `manage.py track_record` tells what all of it made."""

    list_display = ("told", "call", "state", "void_reason", "exit_reason", "r", "net_bp", "origin", "exit_at")
    list_filter = (
        "signal__source",
        "signal__proven",
        "state",
        "exit_reason",
        "signal__action",
        "signal__horizon",
    )
    list_select_related = ("signal__instrument",)
    search_fields = ("signal__instrument__secid", "signal__model_version")
    ordering = ("-signal__as_of", "-id")

    @admin.display(description="Told", ordering="signal__as_of")
    def told(self, outcome: Outcome) -> str:
        """Return the share and when it was told, by Moscow's clock."""
        moment = outcome.signal.as_of.astimezone(MOSCOW)
        return f"{outcome.signal.instrument.secid} {outcome.signal.horizon}, {moment:%Y-%m-%d %H:%M}"

    @admin.display(description="Call", ordering="signal__action")
    def call(self, outcome: Outcome) -> str:
        """Return what was told."""
        return outcome.signal.get_action_display()

    @admin.display(description="R", ordering="r_multiple")
    def r(self, outcome: Outcome) -> str:
        """Return the net result in stops."""
        return _DASH if outcome.r_multiple is None else f"{outcome.r_multiple:+.2f}"

    @admin.display(description="Net, bp", ordering="net_frac")
    def net_bp(self, outcome: Outcome) -> str:
        """Return the net result in points of a hundredth of a percent."""
        return _DASH if outcome.net_frac is None else f"{1e4 * outcome.net_frac:+.0f}"

    @admin.display(description="Origin")
    def origin(self, outcome: Outcome) -> str:
        """Return live, replay or simulated, and whether its model was proven."""
        return f"{outcome.signal.get_source_display()}, {'proven' if outcome.signal.proven else 'paper'}"


def _paragraphs(signal: Signal, *, language: str) -> SafeString:
    payload = signal.payload
    text = explanation_text(
        payload["explanation"],
        language=language,
        decimals=payload["decimals"],
        told_of=told_of(secid=signal.instrument.secid, bar_begin=signal.bar_begin),
    )
    lines = format_html_join("", "<p>{}</p>", ((line,) for line in text.split("\n\n")))
    return format_html('<div class="staff-explanation" lang="{}">{}</div>', language, lines)
