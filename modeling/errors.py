"""What can go wrong with models."""

from __future__ import annotations

from traderai.common.errors import ConflictError, InputError, InvariantError


class DatasetRefusedError(InputError):
    """A dataset that cannot teach or judge anything: a part is empty or knows one class only."""

    code = "dataset_refused"


class FitDivergedError(InputError):
    """A fit whose loss is not finite any more: the recipe or the data must change before it is tried again."""

    code = "fit_diverged"


class ExportMismatchError(InvariantError):
    """The exported network does not compute what the trained one does; it must not be published."""

    code = "export_mismatch"


class ArtifactBrokenError(InvariantError):
    """A published artifact does not carry the bytes that were registered; it must not serve."""

    code = "artifact_broken"


class PromotionRefusedError(ConflictError):
    """The registry does not let this version serve, and says why."""

    code = "promotion_refused"
