"""`manage.py experiments`: the ledger from the command line, and its three exports."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from modeling.models import Experiment, Trial
from modeling.services.ledger import trial_record
from tests.modeling.ledger_maker import NOW, new_trial

pytestmark = pytest.mark.django_db
FIGURE = "name=net_per_trade_bp,value=4,low=-1.5,high=7,level=0.95,trades=812"
NAME = "network-beats-base"


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("experiments", *words, stdout=out)
    return out.getvalue()


def opened(name: str = NAME) -> str:
    return run("open", name, "--hypothesis", "Better | than\nbase.", "--seen-if-true", "Lower log loss.")


def decided(*more: str, verdict: str = "rejected") -> str:
    return run("decide", NAME, verdict, "--reason", "No fold was better.", *more)


def test_an_empty_ledger_says_what_to_do():
    assert "write one down with manage.py experiments open" in run("list")


def test_a_hypothesis_from_its_first_word_to_its_verdict():
    assert f"{NAME} is open since" in opened()
    trial_record(trial=new_trial(), now=NOW)
    told = decided("--figure", FIGURE, "--trial", str(Trial.objects.get().pk))
    assert told == f"{NAME} is rejected; 1 trials stand behind it\n"
    opened("another-idea")
    listed = run("list")
    assert f"rejected      {NAME}: No fold was better." in listed
    assert "open          another-idea: Better" in listed
    assert "1 trials of swing on real-1h" in listed
    assert NAME not in run("list", "--verdict", "open").split("\n")[0]
    with pytest.raises(CommandError, match="is not rewritten"):
        decided()


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ("net 4", "--figure must look like"),
        ("name=n,value=4,low=1,high=7,level=0.95,trades=many", "--figure must look like"),
        ("name=n,value=4,high=7,level=0.95,trades=8", "'low' is missing"),
        ("name=n,value=4,lo=1,high=7,level=0.95,trades=8", "did you mean 'low'"),
        ("name=n,value=4,low=5,high=7,level=0.95,trades=8", "between low and high"),
    ],
)
def test_a_figure_that_is_not_whole_decides_nothing(figure: str, said: str):
    opened()
    with pytest.raises(CommandError, match=said):
        decided("--figure", figure)
    assert Experiment.objects.get().verdict == "open"


def test_confirmed_needs_its_figures():
    opened()
    with pytest.raises(CommandError, match="at least one figure with its interval"):
        decided(verdict="confirmed")
    assert "is confirmed" in decided("--figure", FIGURE, verdict="confirmed")


def test_the_table_that_the_readme_quotes():
    opened()
    trial_record(trial=new_trial(), now=NOW)
    decided("--figure", FIGURE)
    head, _, row, _, counts, _, count = run("export").rstrip("\n").split("\n")
    assert head.startswith("| Hypothesis | Verdict | Why | Figures | Trials |")
    assert r"**network-beats-base**: Better \| than base. Seen if true: Lower log loss." in row
    assert "net_per_trade_bp 4 (-1.5 to 7 at 95 %, 812 trades)" in row
    assert row.replace(r"\|", "").count("|") == head.count("|")
    assert (counts, count) == ("| Label family | Data | Trials counted |", "| swing | real-1h | 1 |")


def test_json_and_csv_hold_everything(tmp_path: Path):
    opened()
    decided("--figure", FIGURE)
    path = tmp_path / "ledger" / "experiments.json"
    assert run("export", "--format", "json", "--out", str(path)) == f"wrote {path}\n"
    told = json.loads(path.read_text())
    (lines,) = csv.DictReader(io.StringIO(run("export", "--format", "csv")))
    for one in (told["experiments"][0], lines):
        assert (one["name"], one["verdict"], one["hypothesis"]) == (NAME, "rejected", "Better | than\nbase.")
    assert told["trials"] == []
    assert told["experiments"][0]["figures"] == json.loads(lines["figures"])
    assert told["experiments"][0]["figures"][0]["low"] == -1.5
