"""signals.yaml, the task's parent process and what may be asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from signals.selectors.configuration import asked_for, service_get, signal_config_get
from traderai.common.errors import InputError


def test_the_packaged_configuration_is_whole():
    config = signal_config_get()
    assert (config.label_set, config.default_horizon) == ("swing_v1", "5d")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("valid_bar: 2", "did you mean 'valid_bars'"),
        ("valid_bars: 0", "at least 1, was 0"),
        ("valid_bars: two", "int"),
    ],
)
def test_a_wrong_key_or_value_names_the_file(tmp_path, monkeypatch, line, words):
    text = "label_set: swing_v1\ndefault_horizon: 5d\nlive_within_bars: 3\nhistory_bars: 10\n"
    (tmp_path / "signals.yaml").write_text(text + line + "\n")
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    with pytest.raises(InputError, match=words) as caught:
        signal_config_get()
    assert "signals.yaml" in caught.value.detail


@pytest.mark.django_db
def test_without_a_model_the_label_set_is_in_service():
    assert service_get().horizons == ("3d", "5d", "10d")
    assert asked_for(timeframe="H1", horizon=None) == ("1h", "5d")
    with pytest.raises(InputError, match="horizon must be one of 3d, 5d, 10d, was '30d'"):
        asked_for(timeframe=None, horizon="30d")


@pytest.mark.parametrize("module", ["signals.tasks", "signals.admin", "signals.api.urls"])
def test_light_modules_stay_light(module):
    code = (
        "import sys, django; django.setup()\n"
        f"import {module}\n"
        "heavy = {'talib','numba','pandas','polars','xgboost','lightgbm','sklearn','keras','tensorflow','torch','onnxruntime','matplotlib'}\n"
        "found = heavy & set(sys.modules)\n"
        "sys.exit(', '.join(found) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
