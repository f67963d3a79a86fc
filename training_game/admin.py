"""Staff look at the game; nobody edits it."""

from __future__ import annotations

from django.contrib import admin

from traderai.common.admin import ReadOnlyAdmin
from training_game.models import Answer, Player, RatingChange, Scenario


@admin.register(Player)
class PlayerAdmin(ReadOnlyAdmin):
    """Who plays, and how strong."""

    list_display = ("__str__", "user", "ai_family", "rating", "deviation", "volatility", "period")
    list_select_related = ("user",)
    search_fields = ("nickname", "ai_family", "user__username")
    ordering = ("-rating",)


@admin.register(Scenario)
class ScenarioAdmin(ReadOnlyAdmin):
    """What was dealt to whom."""

    list_display = (
        "served_at", "player", "instrument", "timeframe", "as_of", "difficulty", "regime", "setup", "disguised",
    )  # fmt: skip
    list_filter = ("difficulty", "timeframe", "regime", "setup", "disguised")
    list_select_related = ("player", "instrument")
    search_fields = ("instrument__secid", "player__nickname")
    ordering = ("-served_at",)


@admin.register(Answer)
class AnswerAdmin(ReadOnlyAdmin):
    """What was answered, and who was right."""

    list_display = (
        "answered_at", "scenario", "action", "state", "r_multiple", "ai_action", "ai_r_multiple", "score",
        "model_version",
    )  # fmt: skip
    list_filter = ("state", "action", "ai_action", "score")
    list_select_related = ("scenario",)
    ordering = ("-answered_at",)


@admin.register(RatingChange)
class RatingChangeAdmin(ReadOnlyAdmin):
    """How ratings moved."""

    list_display = ("at", "player", "opponent", "score", "rating", "deviation", "volatility")
    list_filter = ("score",)
    list_select_related = ("player", "opponent")
    ordering = ("-at",)
