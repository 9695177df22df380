"""What is learned of an engine's errors, and how far corrected scores and their intervals can be trusted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from musictrend.complexity import score_table
from musictrend.errors import NothingUsableError, ParameterError
from musictrend.harmony import Chord, ChordSequence
from musictrend.harmony.table import ChordTable
from musictrend.validation.calibration import find_calibration, learn_calibration, load_calibration
from musictrend.validation.conditions import name_eras
from musictrend.validation.confusion import Confusion, draw_chords, learn_confusion
from musictrend.validation.response import fit_response
from musictrend.validation.uncertainty import carry_errors

MEASURES = ["nontriad_share", "types_rarefied", "fifths_spread"]
RICH = [Chord(label) for label in ("C:maj", "A:min", "F:maj7", "G:7", "D:min7", "E:7", "A:min7", "C:maj7/3", "F:maj")]


def make_songs(n: int, seed: int = 0, length: int = 60) -> ChordTable:
    """Songs that differ in how rich their chords are."""
    rng = np.random.default_rng(seed)
    songs = []
    for i in range(n):
        odds = rng.dirichlet(np.full(len(RICH), 0.7))
        chords = tuple(RICH[k] for k in rng.choice(len(RICH), length, p=odds))
        songs.append(ChordSequence(chords, unit="bars", track_id=f"song{i:03d}"))
    return ChordTable.from_sequences(songs)


def mishear(songs: ChordTable, errors: np.ndarray, seed: int = 0, repetition: float = 0.5) -> ChordTable:
    """What an engine hears that takes sevenths for triads and major for its relative minor, and knows how often."""
    rule = Confusion(
        ("maj", "min", "maj7", "7", "min7"), np.zeros((5, 5)),
        (("maj", 9, "min", 1.0), ("min", 3, "maj", 1.0), ("maj7", 0, "maj", 1.0), ("7", 0, "maj", 0.7),
         ("7", 7, "min", 0.3), ("min7", 0, "min", 1.0)), repetition, 1,
    )  # fmt: skip
    sure = np.repeat(1 - errors, songs.lengths).astype(np.float32)
    return draw_chords(replace(songs, confidence=sure), rule, 1, seed=seed, trust=True)[0]


@pytest.fixture(scope="module")
def pairs():
    songs = make_songs(120)
    return songs, mishear(songs, np.random.default_rng(1).uniform(0.05, 0.4, 120))


@pytest.fixture(scope="module")
def record(pairs):
    return learn_calibration(*pairs, engine="ear", measures=MEASURES, vocabularies=["majmin", "sevenths"])


@pytest.mark.parametrize("planted", [0.0, 0.5, 1.0])
def test_a_planted_confusion_and_how_far_its_errors_repeat_are_found_again(planted):
    heard = make_songs(300, seed=3)
    heard = replace(heard, confidence=np.full_like(heard.confidence, 0.75))
    errors = (("maj", 9, "min", 0.2), ("maj", 0, "7", 0.8), ("min", 3, "maj", 1.0), ("7", 0, "maj", 1.0),
              ("maj7", 0, "maj", 1.0), ("min7", 0, "min", 1.0))  # fmt: skip
    rule = Confusion(("maj", "min", "maj7", "7", "min7"), np.full((5, 5), 0.6), errors, planted, 1)
    found = learn_confusion(draw_chords(heard, rule, 1)[0], heard)
    share = {(of, offset, to): part for of, offset, to, part in found.errors}
    assert share.keys() == {error[:3] for error in errors}
    assert share["maj", 0, "7"] == pytest.approx(0.8, abs=0.08)
    assert found.right[:, 2] == pytest.approx(0.6, abs=0.08)  # where confidence is 0.75
    assert found.repetition == pytest.approx(planted, abs=0.08)
    assert found.n_chords == heard.n_chords


def test_errors_that_repeat_invent_fewer_chords_than_errors_of_their_own():
    songs = make_songs(80, seed=5)
    types = [
        np.nanmean(score_table(mishear(songs, np.full(80, 0.3), repetition=r), MEASURES, ["sevenths"]).values["types_rarefied", "sevenths"])
        for r in (0.0, 1.0)
    ]  # fmt: skip
    assert types[1] < types[0] - 0.5


def test_intervals_of_other_songs_hold_the_truth_in_95_of_100(record):
    songs = make_songs(400, seed=7)
    heard = mishear(songs, np.random.default_rng(8).uniform(0.05, 0.4, 400), seed=9)
    truth = score_table(songs, MEASURES, ["majmin", "sevenths"])
    scored = score_table(heard, MEASURES, ["majmin", "sevenths"])
    frame = carry_errors(scored, heard, ["ear"] * 400, calibrations={"ear": record}).frame
    for (measure, vocabulary), rows in frame.groupby(["measure", "vocabulary"], observed=True):
        if not record.responses[measure, vocabulary].carried:
            continue
        x = truth.values[measure, vocabulary]
        inside = (rows["low"].to_numpy() <= x + 1e-9) & (x <= rows["high"].to_numpy() + 1e-9)
        assert 0.91 <= inside[np.isfinite(x)].mean() <= 0.99, (measure, vocabulary)
        raw, value = rows["raw"].to_numpy(), rows["value"].to_numpy()
        assert abs(np.nanmean(value - x)) < max(0.5 * abs(np.nanmean(raw - x)), 0.06 * np.nanstd(x)), measure


def test_a_calibration_does_not_pull_another_repertoire_towards_its_own():
    rng = np.random.default_rng(0)
    hear = lambda truth: 0.1 + 0.5 * truth + rng.normal(0, 0.05, len(truth))  # noqa: E731
    plain, rich = rng.uniform(0.0, 0.4, 300), rng.uniform(0.5, 0.9, 300)
    line = fit_response("nontriad_share", "sevenths", plain, hear(plain), np.ones(300), np.arange(300))
    assert line.correct(hear(rich), np.ones(300)).mean() == pytest.approx(rich.mean(), abs=0.05)
    slope, level = np.polyfit(hear(plain), plain, 1)  # what is likely behind an estimate, among plain songs
    assert abs((level + slope * hear(rich)).mean() - rich.mean()) > 0.1


def test_doubtful_songs_are_corrected_more_than_sure_ones(record):
    w = record.weigh(np.array([0.95, 0.8, 0.6]))
    response = record.responses["nontriad_share", "sevenths"]
    moved = response.correct(np.full(3, 0.3), w) - 0.3
    assert 0 < moved[0] < moved[1] < moved[2]


def test_an_engine_of_triads_carries_nothing_on_sevenths(pairs):
    songs, _ = pairs
    plain = ChordTable.from_sequences([
        replace(song, chords=tuple(Chord(f"{c.label.split(':')[0]}:{'min' if 'min' in c.label else 'maj'}") for c in song.chords))
        for song in songs
    ])  # fmt: skip
    found = learn_calibration(songs, plain, engine="triads", measures=MEASURES)
    assert found.finest == "majmin"
    carried = found.carries().set_index(["measure", "vocabulary"])["carried"]
    assert not carried.xs("sevenths", level="vocabulary").any() and not carried.xs("full", level="vocabulary").any()
    assert carried["fifths_spread", "majmin"]
    scores = carry_errors(score_table(plain, MEASURES), plain, ["triads"] * 120, calibrations={"triads": found})
    rows = scores.frame[scores.frame["vocabulary"] == "sevenths"]
    assert rows["value"].isna().all() and rows["raw"].notna().any()
    assert ("nontriad_share", "the engine tells chords apart at majmin only") in {
        (x.measure, x.why) for x in scores.left
    }
    assert not (scores.draws["vocabulary"] != "majmin").any()


def test_a_measure_that_hardly_follows_the_reference_is_not_carried():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=200)
    found = fit_response("mtld", "sevenths", truth, truth + rng.normal(0, 3, 200), np.ones(200), np.arange(200))
    assert not found.carried and "correlate by only" in found.why
    few = fit_response("mtld", "sevenths", truth[:10], truth[:10], np.ones(10), np.arange(10))
    assert few.why == "only 10 songs to calibrate with"
    alike = fit_response("mtld", "sevenths", truth, truth, np.ones(200), np.zeros(200, int))
    assert "groups only" in alike.why


def test_draws_depend_on_no_other_track_nor_on_their_order(record, pairs):
    _, heard = pairs
    order = np.random.default_rng(2).permutation(heard.n_tracks)
    engines = np.array(["ear", "", "unheard-of"] * 40)
    whole = carry_errors(score_table(heard, MEASURES, ["sevenths"]), heard, engines, calibrations={"ear": record})
    shuffled = heard.select(order)
    mixed = carry_errors(score_table(shuffled, MEASURES, ["sevenths"]), shuffled, engines[order],
                         calibrations={"ear": record}, jobs=2)  # fmt: skip
    keys = ["track_id", "measure", "vocabulary"]
    one, other = (s.frame.astype({k: str for k in keys}).sort_values(keys, ignore_index=True) for s in (whole, mixed))
    np.testing.assert_allclose(one[["value", "low", "high", "raw"]], other[["value", "low", "high", "raw"]], rtol=1e-12)
    assert whole.draws.equals(mixed.draws) and len(whole.draws) > 110
    few = heard.select([0, 1, 2])
    alone = carry_errors(score_table(few, MEASURES, ["sevenths"]), few, engines[:3], calibrations={"ear": record})
    first = whole.draws[whole.draws["track_id"] == "song000"].reset_index(drop=True)
    assert alone.draws.equals(first)


def test_the_mean_of_the_draws_is_the_corrected_score(record, pairs):
    _, heard = pairs
    found = carry_errors(score_table(heard, MEASURES, ["sevenths"]), heard, ["ear"] * 120, calibrations={"ear": record})
    draws = found.draws.set_index(["track_id", "measure"]).drop(columns="vocabulary").mean(axis=1)
    value = found.frame.astype({"measure": str}).set_index(["track_id", "measure"])["value"]
    gap = (draws - value.reindex(draws.index)).xs("types_rarefied", level="measure")
    assert gap.abs().mean() < 0.02 * value.xs("types_rarefied", level="measure").std()


def test_sources_and_eras_widen_trends_and_move_no_score():
    songs = make_songs(40)
    heard = mishear(songs, np.full(40, 0.2))
    plain = learn_calibration(songs, heard, engine="ear", measures=["fifths_spread"], vocabularies=["majmin"])
    (key, line), = plain.responses.items()  # fmt: skip
    record = replace(plain, responses={key: replace(line, source=(1e-4, 0.0, 0.0, 7.0), era=(1e-4, 0.0, 0.0, 4.0))})
    matrix = score_table(heard, ["fifths_spread"], ["majmin"])
    names, sources = ["ear"] * 40, ["a"] * 20 + ["b"] * 20
    given = {"sources": sources, "eras": name_eras([1955, 1975, 1990, 2010] * 10)}
    before = carry_errors(matrix, heard, names, calibrations={"ear": plain}, **given)
    after = carry_errors(matrix, heard, names, calibrations={"ear": record}, **given)
    assert after.frame["value"].equals(before.frame["value"])
    assert ((after.frame["high"] - after.frame["low"]) >= (before.frame["high"] - before.frame["low"])).all()
    columns = [name for name in after.draws.columns if name.startswith("draw_")]
    moved = (after.draws[columns] - before.draws[columns]).to_numpy()
    years = np.tile([1955, 1975, 1990, 2010], 10)
    assert np.ptp(moved[(years == 1955)][:5], axis=0).max() < 1e-12  # one source, one era
    assert np.ptp(moved[:2], axis=0).max() > 1e-4  # one source, two eras
    slopes = [np.polyfit(years, scores.draws[columns].to_numpy(), 1)[0].std() for scores in (before, after)]
    assert slopes[1] > 2 * slopes[0]


def test_without_a_record_confidences_make_an_interval_and_move_nothing(pairs):
    _, heard = pairs
    scored = score_table(heard, MEASURES, ["sevenths"])
    found = carry_errors(scored, heard, ["unheard-of"] * 120)
    frame = found.frame[found.frame["value"].notna()]
    assert (frame["low"] <= frame["value"]).all() and (frame["value"] <= frame["high"]).all()
    assert (frame["high"] > frame["low"]).mean() > 0.95 and not len(found.draws) and frame["raw"].isna().all()
    assert found.used["unheard-of"]["calibration"].startswith("generic")
    silent = replace(heard, confidence=np.full_like(heard.confidence, np.nan))
    bare = carry_errors(scored, silent, ["unheard-of"] * 120).frame
    assert bare["low"].isna().all() and bare["high"].isna().all()


def test_an_engine_without_a_record_carries_what_it_says_it_is_good_for(pairs):
    _, heard = pairs
    found = carry_errors(score_table(heard, MEASURES), heard, ["madmom"] * 120, calibrations={})
    if find_calibration("madmom") is None:
        fine = found.frame["vocabulary"] != "majmin"
        assert found.frame.loc[fine, "value"].isna().all() and found.frame.loc[~fine, "low"].notna().any()
        assert {one.why for one in found.left} == {"the engine is good for majmin only"}
    else:
        assert found.used["madmom"]["n_left_out"] > 0


def test_chords_that_people_wrote_keep_their_scores(pairs):
    songs, _ = pairs
    scored = score_table(songs, MEASURES)
    found = carry_errors(scored, songs, [""] * 120)
    assert found.frame.drop(columns="raw").equals(scored.to_frame()) and not found.used and not found.left


def test_a_record_survives_its_file(record, tmp_path):
    record.write(tmp_path / "ear.json")
    again = load_calibration(tmp_path / "ear.json")
    key = "types_rarefied", "sevenths"
    assert again.finest == record.finest and again.confusion.errors[0][:3] == record.confusion.errors[0][:3]
    w = np.array([0.5, 1.5])
    np.testing.assert_allclose(again.responses[key].correct(np.array([4.0, 7.0]), w),
                               record.responses[key].correct(np.array([4.0, 7.0]), w), rtol=1e-4)  # fmt: skip
    (tmp_path / "odd.json").write_text("{}")
    with pytest.raises(ParameterError, match="learn_calibration"):
        load_calibration(tmp_path / "odd.json")
    with pytest.raises(NothingUsableError):
        learn_calibration(make_songs(2), make_songs(3), engine="ear")


def test_the_record_of_chords_from_notes_says_what_it_rests_on():
    notes = find_calibration("notes")
    assert notes is not None and notes.about["licence"] == "CC BY-SA 4.0"
    assert notes.about["n_songs"] == len(notes.about["pieces"]) >= 49
    assert notes.responses["fifths_spread", "sevenths"].carried
    assert (
        not notes.responses["sus_share", "sevenths"].carried
        or notes.responses["sus_share", "sevenths"].correlation > 0.5
    )
    assert find_calibration("../keys") is None
