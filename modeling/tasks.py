"""Tasks of the training queue; a shell around the services, which are imported in the body alone.

The worker's parent process imports this module before it forks: TensorFlow in the parent hangs its children.
"""

from __future__ import annotations

from celery import shared_task

from traderai.common import clock


@shared_task(acks_late=True, ignore_result=True)
def recipe_train(recipe: str, seed: int = 0) -> None:
    """Train a recipe on everything known now; unchanged data train nothing."""
    from modeling.services import fit

    fit.recipe_train(recipe=recipe, as_of=clock.now(), seed=seed)


@shared_task(acks_late=True, ignore_result=True)
def drift_daily() -> None:
    """Compare the newest days of the version in service with its training; without one there is nothing to compare."""
    from modeling.services import drift

    drift.drift_daily(now=clock.now())


@shared_task(acks_late=True, ignore_result=True)
def conformal_update() -> None:
    """Teach the ranges of the version in service the outcomes of the days that are over."""
    from modeling.services import conformal

    conformal.conformal_update(now=clock.now())


@shared_task(acks_late=True, ignore_result=True)
def daily_ranks_update() -> None:
    """Order the liquid shares of the days that have become known."""
    from modeling.services import daily_ranks

    daily_ranks.daily_ranks_update(now=clock.now())


@shared_task(acks_late=True, ignore_result=True)
def calibration_weekly() -> None:
    """Calibrate the version in service again, once a week."""
    from modeling.services import calibration

    calibration.calibration_weekly(now=clock.now())


@shared_task(acks_late=True, ignore_result=True)
def retraining_due() -> None:
    """Train what is due by the calendar or for drift, one job a call; where nothing is due nothing is done."""
    from modeling.services import retraining

    retraining.retraining_due(now=clock.now())


@shared_task(acks_late=True, ignore_result=True)
def live_floor_check() -> None:
    """Roll the champion back, or silence it, if its newest drift report shows it below its live floor."""
    from modeling.services import live_floor

    live_floor.live_floor_check(now=clock.now())


@shared_task(acks_late=True, ignore_result=True)
def shadows_review() -> None:
    """Judge what versions in shadow have answered; promote what served its time well, retire what did not."""
    from modeling.services import shadows_review as review

    review.shadows_review(now=clock.now())
