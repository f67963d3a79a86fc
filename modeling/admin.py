"""The staff's view of the registry and the ledger; what changes them calls the same services as the commands."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from modeling.contracts.ledger import ExperimentDecision
from modeling.fitting.report import ways_lines
from modeling.models import (
    ConformalState,
    DailyOrder,
    DriftReport,
    Experiment,
    GateVerdict,
    LeakAudit,
    ModelVersion,
    Promotion,
    RetrainingReport,
    ShadowReport,
    TrainingRun,
    Trial,
    WeeklyCalibration,
)
from modeling.selectors.drift import drift_facts_of, drift_lines
from modeling.selectors.shadow import standing_line
from modeling.selectors.versions import facts_of
from modeling.services import experiments, registry
from traderai.common import clock
from traderai.common.admin import ReadOnlyAdmin
from traderai.common.config import parse
from traderai.common.errors import TraderAIError


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    """Every attempt, the failed ones included."""

    list_display = ("id", "recipe", "seed", "state", "as_of", "seconds", "started_at")
    list_filter = ("recipe", "state")
    search_fields = ("=id", "recipe")
    ordering = ("-started_at", "-pk")


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    """The versions and the switch between them."""

    list_display = (
        "version",
        "slot",
        "kind",
        "state",
        "grade",
        "standing",
        "trained_until",
        "is_simulated",
        "created_at",
    )
    list_filter = ("slot", "kind", "state", "grade", "is_simulated")
    search_fields = ("version",)
    actions = ("shadow", "promote", "roll_back", "resume")

    def has_promote_permission(self, request: HttpRequest) -> bool:
        """Switching models needs the right to change versions, which nobody has by looking."""
        return bool(request.user.has_perm("modeling.change_modelversion"))

    @admin.display(description="In shadow, or silent", empty_value="-")
    def standing(self, row: ModelVersion) -> str | None:
        """How far a shadow has come; whether the champion is silenced."""
        return standing_line(facts_of(row)) or None

    @admin.display(description="The council", empty_value="-")
    def council(self, row: ModelVersion) -> SafeString | None:
        """By what it decides, and whether its aggregator reads the daily rank."""
        lines = ways_lines(row.metrics.get("council", {}))
        return format_html("<pre>{}</pre>", "\n".join(lines).strip()) if lines else None

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Show the council's lines, too."""
        return [*super().get_readonly_fields(request, obj), "council"]

    @admin.action(description="Let the selected candidate answer in shadow", permissions=["promote"])
    def shadow(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """Let the one selected candidate answer unheard."""
        self._one(request, queryset, registry.version_shadow, "answers in shadow")

    @admin.action(description="Promote the selected candidate or shadow", permissions=["promote"])
    def promote(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """Make the one selected version the champion."""
        self._one(request, queryset, registry.version_promote, "is now in service")

    @admin.action(description="Roll back to the previous champion", permissions=["promote"])
    def roll_back(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """Put the previous champion of the selected versions' slots back."""
        self._slots(request, queryset, registry.version_rollback, "is back in service")

    @admin.action(description="Let the silenced champion be heard again", permissions=["promote"])
    def resume(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """Lift the pause of the selected versions' slots."""
        self._slots(request, queryset, registry.emission_resume, "is heard again")

    def _one(self, request: HttpRequest, queryset: QuerySet[ModelVersion], switch: Any, done: str) -> None:
        if queryset.count() != 1:
            self.message_user(request, "Select exactly one version.", messages.ERROR)
            return
        told = {"by": str(request.user), "reason": "admin", "now": clock.now()}
        self._tell(request, lambda: switch(version_id=queryset.get().pk, **told), done)

    def _slots(self, request: HttpRequest, queryset: QuerySet[ModelVersion], switch: Any, done: str) -> None:
        told = {"by": str(request.user), "reason": "admin", "now": clock.now()}
        for slot in sorted(set(queryset.values_list("slot", flat=True))):
            self._tell(request, lambda slot=slot: switch(slot=slot, **told), done)

    def _tell(self, request: HttpRequest, switch: Any, done: str) -> None:
        try:
            facts = switch()
        except TraderAIError as error:
            self.message_user(request, error.detail, messages.ERROR)
        else:
            self.message_user(request, f"{facts.version} {done}.", messages.SUCCESS)


@admin.register(GateVerdict)
class GateVerdictAdmin(ReadOnlyAdmin):
    """What the gate found, append-only."""

    list_display = ("version", "against", "verdict", "at")
    list_filter = ("verdict",)


@admin.register(LeakAudit)
class LeakAuditAdmin(ReadOnlyAdmin):
    """What the guards against leaks found on a version, append-only; the newest of a version counts."""

    list_display = ("version", "passed", "failed", "at")
    list_filter = ("passed", "at")
    search_fields = ("version__version",)
    ordering = ("-at", "-pk")
    fields = ("version", "passed", "at", "found")

    @admin.display(description="Failed checks", empty_value="-")
    def failed(self, row: LeakAudit) -> str | None:
        """The guards that complained, by name."""
        return ", ".join(check["name"] for check in row.checks if not check["passed"]) or None

    @admin.display(description="Found")
    def found(self, row: LeakAudit) -> SafeString:
        """Each guard's word, its complaints or figures behind it."""
        return format_html_join(
            "\n",
            "<p>{}: {}. {}</p>",
            (
                (check["name"], "passed" if check["passed"] else "failed", "; ".join(check["found"]))
                for check in row.checks
            ),
        )


@admin.register(ShadowReport)
class ShadowReportAdmin(ReadOnlyAdmin):
    """How shadows' live answers came off beside their base rates, a report a day; append-only."""

    list_display = ("version", "day", "grade", "outcomes", "days", "log_loss", "base_log_loss", "excess_low")
    list_filter = ("grade", "day")
    list_select_related = ("version",)
    search_fields = ("version__version",)
    ordering = ("-day", "-pk")


@admin.register(Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    """Who changed what serves or is heard, when and why; append-only."""

    list_display = ("at", "slot", "action", "version", "previous", "by", "reason")
    list_filter = ("action", "slot")


@admin.register(Trial)
class TrialAdmin(ReadOnlyAdmin):
    """Every evaluated configuration; the bottom of the filtered list tells how many there are."""

    list_display = (
        "id", "created_at", "kind", "recipe", "label_set", "data_family", "first_day", "last_day", "trades",
        "net_per_trade_bp", "sharpe",
    )  # fmt: skip
    list_filter = ("kind", "label_family", "data_family", "recipe")
    search_fields = ("=id", "recipe", "label_set")
    ordering = ("-created_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Trial]:
        """Leave the daily results out: hundreds of numbers a row that nobody reads here."""
        found: QuerySet[Trial] = super().get_queryset(request)
        return found.defer("days", "daily_net")

    @admin.display(description="Net per trade, bp", ordering="net_expectancy_frac", empty_value="-")
    def net_per_trade_bp(self, row: Trial) -> str | None:
        """After costs."""
        return None if row.net_expectancy_frac is None else f"{1e4 * row.net_expectancy_frac:+.1f}"

    @admin.display(description="Sharpe per day", ordering="sharpe_per_day", empty_value="-")
    def sharpe(self, row: Trial) -> str | None:
        """To three places."""
        return None if row.sharpe_per_day is None else f"{row.sharpe_per_day:+.3f}"

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Show all but the daily results."""
        return [name for name in self.get_readonly_fields(request, obj) if name not in ("days", "daily_net")]


class ExperimentOpenForm(forms.ModelForm):  # type: ignore[type-arg]
    """A hypothesis that is written down."""

    class Meta:
        model = Experiment
        fields = ("name", "hypothesis", "seen_if_true")


class ExperimentDecideForm(forms.ModelForm):  # type: ignore[type-arg]
    """The verdict on an open hypothesis."""

    class Meta:
        model = Experiment
        fields = ("verdict", "reason", "figures", "runs", "trials")
        help_texts = {
            "figures": 'Such as [{"name": "net_per_trade_bp", "value": 4.0, "low": 1.0, "high": 7.0, '
            '"level": 0.95, "trades": 812}]; a confirmed hypothesis needs at least one.'
        }

    def clean(self) -> dict[str, Any]:
        """Read the decision as the service takes it, and say what is missing."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        plain = {
            "verdict": cleaned.get("verdict"),
            "reason": cleaned.get("reason", ""),
            "figures": cleaned.get("figures") or [],
            "run_ids": [row.pk for row in cleaned.get("runs", ())],
            "trial_ids": [row.pk for row in cleaned.get("trials", ())],
        }
        try:
            cleaned["decision"] = parse(plain, ExperimentDecision, where="decision")
        except TraderAIError as error:
            raise ValidationError(error.detail) from error
        return cleaned


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin):
    """The hypotheses, the failed ones included; staff may open one and decide an open one, once."""

    list_display = ("name", "verdict", "started_on", "decided_on", "what", "why")
    list_filter = ("verdict", "started_on", "decided_on")
    search_fields = ("name", "hypothesis", "reason")
    ordering = ("-started_on", "-pk")
    autocomplete_fields = ("runs", "trials")

    @admin.display(description="Hypothesis")
    def what(self, row: Experiment) -> str:
        """Its beginning."""
        return Truncator(row.hypothesis).chars(160)

    @admin.display(description="Reason", empty_value="-")
    def why(self, row: Experiment) -> str:
        """Its beginning."""
        return Truncator(row.reason).chars(160)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Staff with the permission may open one."""
        return bool(request.user.has_perm("modeling.add_experiment"))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Staff with the permission may decide an open one."""
        is_open = not isinstance(obj, Experiment) or obj.verdict == Experiment.Verdict.OPEN
        return is_open and bool(request.user.has_perm("modeling.change_experiment"))

    def get_form(
        self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Ask for the hypothesis first and for the verdict later."""
        own = ExperimentDecideForm if change else ExperimentOpenForm
        return super().get_form(request, obj, change, **kwargs, form=own)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Show what was written down above what is asked for."""
        if obj is None:
            return ExperimentOpenForm.Meta.fields
        return (*self.get_readonly_fields(request, obj), *ExperimentDecideForm.Meta.fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """What was written down never changes."""
        asked = ExperimentOpenForm.Meta.fields if obj is None else ExperimentDecideForm.Meta.fields
        fixed = [field.name for field in self.model._meta.fields if field.name not in asked]
        return () if obj is None else tuple(fixed)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Say what the service refused, as when somebody else decided meanwhile."""
        try:
            answer: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        except TraderAIError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return answer

    def save_model(self, request: HttpRequest, obj: Experiment, form: Any, change: bool) -> None:
        """Open or decide."""
        by, now = str(request.user), clock.now()
        if change:
            decision = form.cleaned_data["decision"]
            experiments.experiment_decide(name=obj.name, decision=decision, by=by, now=now)
            return
        facts = experiments.experiment_open(
            name=obj.name, hypothesis=obj.hypothesis, seen_if_true=obj.seen_if_true, by=by, now=now
        )
        obj.pk = facts.id

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: the service has linked runs and trials."""


@admin.register(DriftReport)
class DriftReportAdmin(ReadOnlyAdmin):
    """How far versions have moved from their training, a report a day; append-only."""

    list_display = ("version", "day", "grade", "drifted", "note")
    list_filter = ("grade", "day")
    list_select_related = ("version",)
    search_fields = ("version__version",)
    ordering = ("-day", "-pk")
    fields = ("version", "day", "as_of", "grade", "note", "at", "found")

    @admin.display(description="Drifted", empty_value="-")
    def drifted(self, row: DriftReport) -> str | None:
        """The features, scores and heads that have, by name."""
        return ", ".join(drift_facts_of(row).drifted) or None

    @admin.display(description="Found")
    def found(self, row: DriftReport) -> SafeString:
        """What the command prints."""
        return format_html("<pre>{}</pre>", "\n".join(drift_lines(drift_facts_of(row))))


@admin.register(ConformalState)
class ConformalStateAdmin(ReadOnlyAdmin):
    """What the ranges and levels of versions have learned from outcomes, a state a day; append-only."""

    list_display = ("version", "as_of", "outcomes", "calibrated_at", "at")
    list_filter = ("as_of",)
    list_select_related = ("version",)
    search_fields = ("version__version",)
    ordering = ("-as_of", "-pk")


@admin.register(WeeklyCalibration)
class WeeklyCalibrationAdmin(ReadOnlyAdmin):
    """What became of calibrating versions again, a word a week; append-only."""

    list_display = ("version", "week", "kept", "note", "as_of")
    list_filter = ("kept", "week")
    list_select_related = ("version",)
    search_fields = ("version__version", "note")
    ordering = ("-as_of", "-pk")


@admin.register(DailyOrder)
class DailyOrderAdmin(ReadOnlyAdmin):
    """How the daily ranker ordered the liquid shares, an order a day; append-only."""

    list_display = ("known_at", "feature", "model", "shares", "rank_ic", "learned_until")
    list_filter = ("feature", "model")
    search_fields = ("feature",)
    ordering = ("-known_at", "-pk")


@admin.register(RetrainingReport)
class RetrainingReportAdmin(ReadOnlyAdmin):
    """What was trained anew, by the calendar or for drift, and what became of it; append-only."""

    list_display = ("day", "job", "period", "state", "verdict", "version", "note")
    list_filter = ("job", "state", "trigger", "day")
    list_select_related = ("version",)
    search_fields = ("version__version", "note")
    ordering = ("-day", "-pk")
