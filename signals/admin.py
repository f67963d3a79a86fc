"""Staff look at what was said; nobody edits it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminTextInputWidget

from signals.explain import explanation_text, told_of
from signals.models import Outcome, Review, Signal
from signals.selectors.reviews import verdicts
from signals.services.review import signal_review
from traderai.common import clock
from traderai.common.admin import ReadOnlyAdmin
from traderai.common.clock import MOSCOW
from traderai.common.errors import TraderAIError

_DASH = "–"


class ReviewForm(ActionForm):  # type: ignore[misc]  # unfold carries no types
    """What is done with the selected signals, and why."""

    note = forms.CharField(
        required=False,
        max_length=500,
        label="",
        widget=UnfoldAdminTextInputWidget({"placeholder": "Note: why", "aria-label": "Note"}),
    )


class ToldFilter(admin.SimpleListFilter):
    """Whether a signal was told to users."""

    title = "told"
    parameter_name = "told"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Name both answers."""
        return (("yes", "Told"), ("no", "Not told"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Signal]) -> QuerySet[Signal]:
        """Return the signals with the answer that was chosen."""
        if self.value() is None:
            return queryset
        return queryset.filter(emission__isnull=self.value() == "no")


class ReviewFilter(admin.SimpleListFilter):
    """What staff said of a signal."""

    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Name the verdicts."""
        return (
            ("approved", "Approved"),
            ("rejected", "Rejected: withdrawn from users"),
            ("none", "No verdict"),
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Signal]) -> QuerySet[Signal]:
        """Return the signals whose newest verdict was chosen."""
        if self.value() is None:
            return queryset
        if self.value() == "none":
            return queryset.exclude(pk__in=verdicts().values("signal_id"))
        return queryset.filter(pk__in=verdicts().filter(verdict=self.value()).values("signal_id"))


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    """Stored signals, newest first."""

    list_display = (
        "instrument",
        "horizon",
        "call",
        "review",
        "was_told",
        "decided",
        "confidence",
        "chance",
        "edge",
        "origin",
        "reasons",
    )
    list_display_links = ("instrument", "horizon")
    list_filter = (ToldFilter, ReviewFilter, "action", "strength", "proven", "source", "horizon", "timeframe")
    list_select_related = ("instrument", "emission")
    actions = ("approve", "reject", "annotate")
    action_form = ReviewForm
    search_fields = ("instrument__secid", "model_version")
    date_hierarchy = "as_of"
    ordering = ("-as_of", "instrument_id", "horizon")
    fieldsets = (
        (None, {"fields": ("instrument", "horizon", "action", "confidence", "strength", "chance", "edge", "reasons")}),
        ("In words", {"fields": ("in_english", "in_russian")}),
        ("Told, and what staff say", {"fields": ("told", "reviews_so_far")}),
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
        derived = ["chance", "edge", "reasons", "in_english", "in_russian", "told", "reviews_so_far"]
        return [*super().get_readonly_fields(request, obj), *derived]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Signal]:
        """Bring the verdict that counts along."""
        found: QuerySet[Signal] = super().get_queryset(request)
        of_signal = verdicts().filter(signal=OuterRef("pk"))
        return found.annotate(verdict=Subquery(of_signal.values("verdict")[:1]))

    def has_review_permission(self, request: HttpRequest) -> bool:
        """Reviewing needs the right to add reviews, which nobody has by looking."""
        return bool(request.user.has_perm("signals.add_review"))

    @admin.action(description="Approve", permissions=["review"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Signal]) -> None:
        """Approve the selected signals; a rejected one is shown to users again."""
        self._review(request, queryset, "approved")

    @admin.action(description="Reject: withdraw from users", permissions=["review"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Signal]) -> None:
        """Withdraw the selected signals from users; the record keeps them."""
        self._review(request, queryset, "rejected")

    @admin.action(description="Add a note", permissions=["review"])
    def annotate(self, request: HttpRequest, queryset: QuerySet[Signal]) -> None:
        """Write the note down with the selected signals."""
        self._review(request, queryset, "note")

    def _review(self, request: HttpRequest, queryset: QuerySet[Signal], verdict: str) -> None:
        said = {"verdict": verdict, "note": request.POST.get("note", ""), "by": request.user.get_username()}
        done = 0
        for pk in queryset.order_by("pk").values_list("pk", flat=True):
            try:
                signal_review(signal_id=pk, **said, now=clock.now())
                done += 1
            except TraderAIError as error:
                self.message_user(request, error.detail, messages.ERROR)
        if done:
            word = Review.Verdict(verdict).label
            self.message_user(request, f"{word}: {done} signal{'s' if done > 1 else ''}.", messages.SUCCESS)

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

    @admin.display(description="Told", boolean=True)
    def was_told(self, signal: Signal) -> bool:
        """Return whether users were told."""
        return hasattr(signal, "emission")

    @admin.display(description="Told, MSK", empty_value=_DASH)
    def told(self, signal: Signal) -> str | None:
        """Return when users were told, by Moscow's clock."""
        emission = getattr(signal, "emission", None)
        return emission and emission.emitted_at.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M")

    @display(  # type: ignore[untyped-decorator]  # unfold carries no types
        description="Review",
        label={"approved": "success", "rejected": "danger"},
    )
    def review(self, signal: Signal) -> tuple[str, str] | None:
        """Return the verdict that counts."""
        verdict: str | None = signal.verdict  # type: ignore[attr-defined]  # brought along by get_queryset
        return (verdict, Review.Verdict(verdict).label) if verdict else None

    @admin.display(description="Reviews", empty_value=_DASH)
    def reviews_so_far(self, signal: Signal) -> SafeString | None:
        """Return all that staff said, the newest first."""
        rows = signal.reviews.order_by("-pk")
        return (
            format_html_join(
                "",
                "<p>{}, {}: {}. {}</p>",
                (
                    (
                        row.at.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M"),
                        row.by,
                        row.get_verdict_display(),
                        row.note,
                    )
                    for row in rows
                ),
            )
            or None
        )

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


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """Everything that staff said of signals, newest first; append-only."""

    list_display = ("at", "by", "verdict", "signal", "note")
    list_filter = ("verdict", "at")
    list_select_related = ("signal",)
    search_fields = ("by", "note", "signal__instrument__secid")
    ordering = ("-pk",)


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
