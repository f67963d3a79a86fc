"""Which family each column of a feature set belongs to, the flags of silent sources included."""

from __future__ import annotations

from typing import Final

from features.selectors.catalogue import feature_specs
from modeling.kernels.sparse import flag_names

UNLISTED: Final = "unlisted"  # the family of a feature that its set does not name


def feature_families(*, feature_set: str) -> dict[str, str]:
    """Return the family by feature, in column order; the flag of a sparse source stands with what it flags.

    Raises: InputError for an unknown set.
    """
    specs = feature_specs(name=feature_set)
    families: dict[str, str] = {spec.name: spec.family for spec in specs}
    return families | {flag_names([spec.reads])[0]: spec.family for spec in specs if spec.sparse}
