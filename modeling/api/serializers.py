"""The shapes of the model registry."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from modeling.contracts import ModelVersionFacts
from modeling.contracts.registry import KINDS, SLOTS
from modeling.models import ModelVersion
from modeling.selectors.shadow import standing_lines
from traderai.common.asked import BodySerializer, QuerySerializer


class VersionQuerySerializer(QuerySerializer):
    """Filters of the list of versions."""

    kind = serializers.ChoiceField(
        required=False, choices=sorted(KINDS), help_text="What kind of model it is."
    )


class VersionSerializer(serializers.Serializer[Any]):
    """One version and how it stands."""

    version = serializers.CharField()
    slot = serializers.ChoiceField(
        choices=SLOTS, allow_blank=True, help_text="The place of service that it competes for; empty: none."
    )
    kind = serializers.ChoiceField(choices=sorted(KINDS))
    recipe = serializers.CharField()
    state = serializers.ChoiceField(choices=ModelVersion.State.choices)
    grade = serializers.ChoiceField(
        choices=ModelVersion.Grade.choices, help_text="What its gate allows it to say."
    )
    standing = serializers.SerializerMethodField(
        help_text="How far a shadow has come, or that a champion is silent; empty of all others."
    )
    trained_until = serializers.DateTimeField(help_text="Nothing that was known later has taught it.")
    is_simulated = serializers.BooleanField(help_text="Learned on simulated bars.")

    def get_standing(self, facts: ModelVersionFacts) -> str:
        """Return it in a few words."""
        lines: dict[int, str] = self.context.get("standing") or standing_lines([facts])
        return lines[facts.id]


def _reason() -> serializers.CharField:
    return serializers.CharField(max_length=500)


class SwitchSerializer(BodySerializer):
    """Why something is switched; it stands in the audit beside the name of who asked."""

    reason = _reason()


class RollbackSerializer(BodySerializer):
    """A rollback names the version that shall serve no more."""

    from_version = serializers.CharField(
        max_length=120,
        help_text="The version in service. Where it serves no more the answer is 409: a request that is sent twice "
        "goes back once.",
    )
    reason = _reason()
