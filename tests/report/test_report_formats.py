"""The short summary, the figures' folder, matplotlib figures, and the words they share."""

from __future__ import annotations

import math
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_run import HOSTILE

from musictrend.errors import ParameterError
from musictrend.report import plot_contrast, plot_fan, plot_genres, plot_reliability, plot_trend, write_report
from musictrend.report.canvas import Canvas, Scale, choose_ticks, spread_labels
from musictrend.report.words import (
    VERDICTS,
    clean,
    describe_change,
    describe_measure,
    format_number,
    say_complexity,
    say_direction,
)


def test_the_summary_has_every_claim_its_verdict_and_its_n(real_run, tmp_path):
    text = write_report(real_run, tmp_path / "report.md", format="md").read_text(encoding="utf-8")
    claims = [line for line in text.splitlines() if line.startswith("- **")]
    assert len(claims) == 8
    assert all("n = " in line for line in claims if "a decade" in line)
    assert "holds in 83% of the parameter box" in text
    assert "<script" not in text


def test_exported_figures_stand_alone(real_run, tmp_path):
    folder = write_report(real_run, tmp_path / "figures", format="figures")
    files = sorted(folder.glob("*.svg"))
    assert len(files) > 20
    for path in files:
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        assert root.find("{http://www.w3.org/2000/svg}style") is not None
        assert "prefers-color-scheme: dark" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("group", ["a" * 500, HOSTILE, "\x00\x01", "]]>", "R&B", "日本のジャズ", "../../etc"])
def test_any_name_can_be_drawn(group):
    canvas = Canvas(100, 100)
    canvas.text(1, 1, group)
    root = ElementTree.fromstring(str(canvas.to_svg(f"what {group} shows")))
    assert len(root.findall(".//{http://www.w3.org/2000/svg}text")) == 1


@given(st.text())
def test_cleaned_text_is_legal_in_xml_and_utf8(text):
    canvas = Canvas(10, 10)
    canvas.text(1, 1, text)
    ElementTree.fromstring(str(canvas.to_svg(text)).encode("utf-8"))
    assert len(clean(text, 50)) <= 50


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_lie_inside_their_range_and_are_few(low, span):
    ticks = choose_ticks(low, low + span)
    assert len(ticks) <= 8
    assert all(low - 1e-6 * span - 1e-9 <= tick <= low + span * (1 + 1e-6) + 1e-9 for tick in ticks)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=6))
def test_labels_never_touch_and_keep_their_order(places):
    placed = spread_labels(places, 13, 0, 100)
    in_order = sorted(zip(places, placed, strict=True))
    assert all(b[1] - a[1] >= 13 - 1e-9 for a, b in zip(in_order, in_order[1:], strict=False) if a[0] < b[0])


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(-20, 20))
def test_a_scale_stays_inside_its_picture(low, high, value):
    scale = Scale(min(low, high), max(low, high), 5, 95)
    assert 5 <= scale(value) <= 95


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_number_is_spoken_with_a_true_minus_or_not_at_all(value):
    text = format_number(value, 2)
    assert "-" not in text and "nan" not in text and "inf" not in text
    if math.isfinite(value) and abs(value) < 1e6:
        assert float(text.replace("−", "-")) == pytest.approx(value, abs=0.005001)
    assert text not in ("−0.00", "+0.00")


def test_shares_are_spoken_in_percentage_points():
    change, interval = describe_change(-0.0798, -0.102, -0.060, describe_measure("dominant_seventh_share"))
    assert change == "−8.0 percentage points a decade" and interval == "−10.2 to −6.0"


def test_a_direction_is_claimed_only_where_the_interval_excludes_zero():
    assert say_direction(0.1, 0.2) == "rose" and say_direction(-0.2, -0.1) == "fell"
    assert say_direction(-0.1, 0.1) == "no clear change" and say_direction(None, 0.1) == "no interval"


def test_a_measure_that_falls_as_harmony_grows_complex_is_turned_round():
    harmonicity = describe_measure("harmonicity", [{"measure": "harmonicity", "rises_with_complexity": False}])
    assert say_complexity(0.1, 0.2, harmonicity) == "simpler"
    assert say_complexity(0.1, 0.2, describe_measure("type_entropy")) == "more complex"


def test_the_runs_own_measures_define_what_is_not_known_here():
    words = describe_measure(
        "odd_share",
        [{"measure": "odd_share", "title": "Odd chords", "unit": "share", "citation": "Odd (1999)"}],
    )
    assert words.label == "Odd chords" and words.is_share and words.citation == "Odd (1999)"


def test_all_six_verdicts_have_their_own_words():
    assert set(VERDICTS) == {
        "supported",
        "contradicted",
        "equivalent",
        "mixed",
        "inconclusive",
        "not_testable",
    }
    assert len({verdict.word for verdict in VERDICTS.values()}) == 6


def test_library_figures_show_what_their_tables_hold(real_run):
    trends, contrasts = (pd.read_parquet(real_run / f"{name}.parquet") for name in ("trends", "contrasts"))
    curves, simulation = (pd.read_parquet(real_run / f"{name}.parquet") for name in ("curves", "simulation"))
    figure = plot_trend(curves[curves["level"] == "segment"], "composite", vocabulary="sevenths")
    lines = {line.get_gid(): line for line in figure.axes[0].lines}
    pop = curves.query("level == 'segment' and group == 'pop' and measure == 'composite' and vocabulary == 'sevenths'")
    assert lines["line-0"].get_ydata().tolist() == pop["estimate"].tolist()
    composite = contrasts[contrasts["measure"] == "composite"]
    assert len(plot_contrast(composite).axes[0].get_yticks()) == len(composite)
    labels = [text.get_text() for text in plot_genres(trends, "composite").axes[0].get_yticklabels()]
    assert any(label.startswith("jazz (n ") for label in labels)
    assert "12 runs" in plot_fan(simulation, "composite", scenario="full feedback").axes[0].get_title(loc="left")


def test_a_reliability_diagram_shows_each_group_with_its_error_and_says_synthetic():
    bins = pd.DataFrame(
        {"group": ["a", "a", "b"], "confidence": [0.9, 0.5, 0.7], "right": [0.8, 0.5, 0.7], "share": [0.6, 0.4, 1]}
    )
    first, second = (axes for axes in plot_reliability(bins, synthetic=True).axes if axes.get_visible())
    assert first.get_title(loc="left") == "a, ECE 0.060" and second.get_title(loc="left") == "b, ECE 0.000"
    assert first.lines[1].get_xdata().tolist() == [0.5, 0.9] and first.lines[1].get_ydata().tolist() == [0.5, 0.8]
    assert {text.get_text() for axes in (first, second) for text in axes.texts} == {"SYNTHETIC"}
    with pytest.raises(ParameterError, match="no chord has a confidence"):
        plot_reliability(bins.head(0))


def test_library_figures_refuse_what_is_not_there(real_run):
    curves = pd.read_parquet(real_run / "curves.parquet")
    with pytest.raises(ParameterError, match="measure='nonsense'"):
        plot_trend(curves, "nonsense")
    with pytest.raises(ParameterError, match="no contrast"):
        plot_contrast(pd.read_parquet(real_run / "contrasts.parquet").head(0))


def test_importing_the_report_loads_no_plotting_library():
    heavy = ("matplotlib", "seaborn", "scipy", "music21", "librosa")
    code = f"import sys, musictrend.report; print([m for m in {heavy} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
