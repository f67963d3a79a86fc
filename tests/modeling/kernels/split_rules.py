"""What every splitter must keep, told once more the slow way; and how its source is sabotaged."""

from __future__ import annotations

import inspect
from types import ModuleType

import numpy as np
from hypothesis import strategies as st

from modeling.kernels.splits import DAY_S, LabelledRows

STEP_S = DAY_S // 4  # everything lies on this grid, so that windows often end exactly at a border
START_S = 1_600_041_600  # 00:00 UTC


def make_rows(seed, *, n=60, days=60, longest_steps=20, n_instruments=3, gap_days=0):
    """Return rows with overlapping windows; none is decided in a gap in the middle of the time."""
    rng = np.random.default_rng(seed)
    step = rng.integers(0, 4 * days, n)
    gap_start = 2 * days
    step = step[(step < gap_start) | (step >= gap_start + 4 * gap_days)]
    decision_s = START_S + step * STEP_S
    return LabelledRows(
        decision_s=decision_s,
        window_end_s=decision_s + rng.integers(0, longest_steps + 1, step.size) * STEP_S,
        instrument=rng.integers(0, n_instruments, step.size),
        positive=rng.random(step.size) < 0.4,
    )


labelled_rows = st.builds(
    make_rows,
    st.integers(0, 10**6),
    n=st.integers(40, 90),
    days=st.integers(50, 90),
    longest_steps=st.integers(0, 24),
    n_instruments=st.integers(1, 4),
    gap_days=st.integers(0, 10),
)
embargoes_s = st.integers(0, 16).map(lambda steps: steps * STEP_S)


def assert_parts_are_clean(parts, rows, embargo_s):
    """Fail if a label of an earlier part, embargo included, is not known before a later part decides."""
    assert np.unique(np.concatenate(parts)).size == sum(part.size for part in parts)
    for number, earlier in enumerate(parts):
        for later in parts[number + 1 :]:
            known_s = rows.window_end_s[earlier][:, None] + embargo_s
            assert np.all(known_s < rows.decision_s[later][None, :])


def assert_split_is_right(split, borders, rows, embargo_s):
    """Fail unless each row is where a plain reading of the rules puts it, and the counts say so."""
    roles = [
        _role(int(d), int(w), borders, embargo_s)
        for d, w in zip(rows.decision_s, rows.window_end_s, strict=True)
    ]
    for role, part in zip(("train", "validation", "test"), split.parts, strict=True):
        assert [i for i, name in enumerate(roles) if name == role] == part.tolist()
    assert split.purged_train == roles.count("purged train")
    assert split.purged_validation == roles.count("purged validation")
    assert split.outside == roles.count("outside")
    assert_parts_are_clean(split.parts, rows, embargo_s)


def _role(decision_s, window_end_s, borders, embargo_s):
    if borders.train_start_s is not None and decision_s < borders.train_start_s:
        return "outside"
    if borders.test_end_s is not None and decision_s >= borders.test_end_s:
        return "outside"
    if decision_s >= borders.test_start_s:
        return "test"
    part, border_s = (
        ("train", borders.validation_start_s)
        if decision_s < borders.validation_start_s
        else ("validation", borders.test_start_s)
    )
    return part if window_end_s + embargo_s < border_s else f"purged {part}"


def assert_cross_fold_is_right(fold, starts_s, rows, embargo_s):
    """Fail unless exactly the rows that a test group touches are kept from training."""
    ends_s = [*starts_s[1:], np.inf]
    roles = ["train"] * rows.decision_s.size
    for wanted in ("embargoed", "purged", "test"):  # what comes later prevails
        for group in fold.test_groups:
            own = (rows.decision_s >= starts_s[group]) & (rows.decision_s < ends_s[group])
            first_s, last_s = rows.decision_s[own].min(), rows.window_end_s[own].max()
            for i, (d, w) in enumerate(zip(rows.decision_s, rows.window_end_s, strict=True)):
                touched = {
                    "embargoed": last_s < d <= last_s + embargo_s,
                    "purged": not (w < first_s or d > last_s),
                    "test": own[i],
                }[wanted]
                if touched:
                    roles[i] = wanted
    assert [i for i, role in enumerate(roles) if role == "train"] == fold.train.tolist()
    assert [i for i, role in enumerate(roles) if role == "test"] == fold.test.tolist()
    assert (fold.purged, fold.embargoed) == (roles.count("purged"), roles.count("embargoed"))
    assert not overlapping_pairs(fold.train, fold.test, rows, embargo_s).any()


def overlapping_pairs(train, test, rows, embargo_s):
    """Return (train, test) pairs whose windows overlap, the training ones begun an embargo earlier."""
    begun_s = rows.decision_s[train][:, None] - embargo_s
    known_s = rows.window_end_s[train][:, None]
    return (known_s >= rows.decision_s[test]) & (begun_s <= rows.window_end_s[test])


def mutant(module, old, new):
    """Return the module with a piece of its source replaced."""
    source = inspect.getsource(module)
    assert source.count(old) == 1, f"{old!r} is {source.count(old)} times in {module.__name__}"
    changed = ModuleType(module.__name__)
    exec(compile(source.replace(old, new), "<mutant>", "exec"), changed.__dict__)
    return changed
