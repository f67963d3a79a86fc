"""The paths of the game below /api/v1/."""

from __future__ import annotations

from django.urls import path

from training_game.api.views import (
    TrainingAnswerView,
    TrainingLeaderboardView,
    TrainingRatingView,
    TrainingScenarioView,
)

urlpatterns = [
    path("training_scenario", TrainingScenarioView.as_view(), name="training_scenario"),
    path("training_answer", TrainingAnswerView.as_view(), name="training_answer"),
    path("training_rating", TrainingRatingView.as_view(), name="training_rating"),
    path("training_leaderboard", TrainingLeaderboardView.as_view(), name="training_leaderboard"),
]
