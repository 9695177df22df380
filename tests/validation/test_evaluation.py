"""``evaluate``: which files belong together, what is refused, and the bias of measures."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import musictrend as mt
from musictrend.complexity import score_table
from musictrend.errors import NothingUsableError, ParameterError, ReaderError
from musictrend.extraction import write_chords
from musictrend.harmony import Chord, ChordSequence, Key
from musictrend.validation.bias import measure_bias

CORE = ["nontriad_share", "cardinality"]


def write_lab(path, *chords):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{i}\t{i + 1}\t{text}\n" for i, text in enumerate(chords)))
    return path


def test_two_files_of_different_formats_are_compared_over_time(tmp_path):
    told = write_lab(tmp_path / "told.lab", "C:maj7", "F", "G:7", "C")
    heard = tmp_path / "heard.jams"
    write_chords(
        ChordSequence(tuple(map(Chord, ["C", "G", "C"])), np.array([0.0, 2, 3]), np.array([2.0, 1, 1]), "seconds"),
        heard,
    )
    found = mt.evaluate(told, heard, measures=CORE)
    assert (found.n_tracks, found.unit, found.matched_by, found.duration) == (1, "seconds", "files", 4.0)
    assert found.total["root"] == pytest.approx(3 / 4)
    assert found.total["sevenths"] == pytest.approx(1 / 4)
    assert np.isnan(found.total["key"]) and found.n_keys == 0


def test_an_estimate_is_cropped_to_the_reference_and_padded_with_no_chord(tmp_path):
    told = write_lab(tmp_path / "told.lab", "C", "C", "N", "N")
    short = tmp_path / "short.lab"
    short.write_text("1 2 C\n")  # N before and after
    long = write_lab(tmp_path / "long.lab", "C", "C", "N", "N", "G", "G", "G")
    assert mt.evaluate(told, short, measures=CORE).total["root"] == pytest.approx(3 / 4)
    assert mt.evaluate(told, long, measures=CORE).total["root"] == 1


def test_files_are_matched_by_name_whatever_their_suffix_and_written_chords_come_first(tmp_path):
    for name in ("a", "b"):
        write_lab(tmp_path / "ref" / f"{name}.lab", "C", "G")
    write_chords(ChordSequence((Chord("C"), Chord("A:min")), None, None, "seconds"), tmp_path / "a.csv")
    (tmp_path / "est" / "deep").mkdir(parents=True)
    (tmp_path / "a.csv").rename(tmp_path / "est" / "deep" / "a.csv")
    write_lab(tmp_path / "est" / "b.lab", "C", "G")
    (tmp_path / "est" / "README.txt").write_text("what this is")
    found = mt.evaluate(tmp_path / "ref", tmp_path / "est", measures=CORE)
    assert found.matched_by == "name"
    assert found.per_track["root"].tolist() == [0.5, 1.0]
    assert found.failures == []


def test_files_of_one_name_in_folders_are_matched_by_folder(tmp_path):
    for name in ("x", "y"):
        write_lab(tmp_path / "ref" / name / "full.lab", "C", "G")
        write_lab(tmp_path / "est" / name / "machine.lab", "C", "G")
    found = mt.evaluate(tmp_path / "ref", tmp_path / "est", measures=CORE)
    assert (found.matched_by, found.n_tracks) == ("folder", 2)


def test_what_one_side_alone_has_or_cannot_be_read_is_listed_and_the_rest_goes_on(tmp_path):
    for name in ("good", "broken", "only-reference"):
        write_lab(tmp_path / "ref" / f"{name}.lab", "C", "G")
    write_lab(tmp_path / "est" / "good.lab", "C", "G")
    write_lab(tmp_path / "est" / "only-estimate.lab", "C", "G")
    (tmp_path / "est" / "broken.lab").write_text("not a chord line\n")
    found = mt.evaluate(tmp_path / "ref", tmp_path / "est", measures=CORE)
    assert found.per_track["track_id"].tolist() == ["good"]
    assert [(f.track_id, f.side) for f in found.failures] == [
        ("broken", "estimate"), ("only-estimate", "reference"), ("only-reference", "estimate"),
    ]  # fmt: skip
    assert "not a chord line" in found.failures[0].reason


def test_nothing_in_common_is_said_with_examples_of_both_sides(tmp_path):
    write_lab(tmp_path / "ref" / "a.lab", "C")
    write_lab(tmp_path / "est" / "b.lab", "C")
    with pytest.raises(NothingUsableError, match=r"nothing in common: 1 tracks such as 'a' .* such as 'b'"):
        mt.evaluate(tmp_path / "ref", tmp_path / "est")


@pytest.mark.parametrize(
    ("unit", "words"), [("order", "only the order"), ("quarters", "are in quarters, the reference's in seconds")]
)
def test_chords_without_a_common_time_are_refused(tmp_path, unit, words):
    told = write_lab(tmp_path / "told" / "a.lab", "C", "G")
    heard = tmp_path / "heard" / "a.csv"
    heard.parent.mkdir()
    write_chords(ChordSequence((Chord("C"), Chord("G")), unit=unit), heard)
    with pytest.raises(ReaderError, match=words):
        mt.evaluate(told, heard)
    with pytest.raises(NothingUsableError, match=words):
        mt.evaluate(told.parent, heard.parent)


def test_a_file_beside_a_folder_is_refused(tmp_path):
    told = write_lab(tmp_path / "ref" / "a.lab", "C")
    with pytest.raises(ParameterError, match="one piece"):
        mt.evaluate(told, tmp_path / "ref")
    with pytest.raises(ReaderError, match="no file at"):
        mt.evaluate(told, tmp_path / "absent.lab")


def make_corpus(folder, chords):
    folder.mkdir()
    (folder / "corpus.toml").write_text(f'name = "{folder.name}"\nyear_kind = "release"\ntracks = "tracks.csv"\n')
    rows = []
    for i, labels in enumerate(chords):
        write_lab(folder / "chords" / f"song{i}.lab", *labels)
        rows.append(f"t{i},chords/song{i}.lab,19{60 + i},pop")
    (folder / "tracks.csv").write_text("track_id,path,year,genre\n" + "\n".join(rows) + "\n")
    return folder


SONGS = [
    ["C:maj7", "F", "G:7", "C"] * 9,
    ["A:min7", "D:7", "G", "E:min"] * 9,
    ["C", "F", "G", "C"] * 9,
    ["D:9", "G", "D", "A:7"] * 9,
]


def test_a_corpus_is_compared_with_a_run_and_with_a_folder_of_files(tmp_path):
    from musictrend.run.extraction import extract_to_folder

    corpus = make_corpus(tmp_path / "told", SONGS)
    other = make_corpus(tmp_path / "heard", [[text.rstrip("79").rstrip(":") for text in song] for song in SONGS])
    extract_to_folder(str(other), tmp_path / "out")
    by_run = mt.evaluate(corpus, tmp_path / "out", measures=CORE)
    by_corpus = mt.evaluate(corpus, other, measures=CORE)
    by_files = mt.evaluate(corpus, other / "chords", measures=CORE)
    assert by_run.matched_by == by_corpus.matched_by == "track_id"
    for found in (by_run, by_corpus, by_files):
        assert found.n_tracks == 4 and found.failures == []
        assert found.total == pytest.approx(by_run.total, nan_ok=True)
        assert found.n_keys == 0  # estimated keys are no reference
    assert by_run.total["root"] == 1 and by_run.total["sevenths"] < 0.7


def test_an_estimate_without_keys_is_judged_by_the_key_its_chords_tell(tmp_path):
    told = tmp_path / "told.csv"
    chords = tuple(map(Chord, ["C", "F", "G:7", "C"] * 4))
    write_chords(ChordSequence(chords, unit="bars", keys=Key.parse("C:major")), told)
    write_chords(ChordSequence(chords, unit="bars"), tmp_path / "heard.csv")
    found = mt.evaluate(told, tmp_path / "heard.csv", measures=CORE)
    assert (found.n_keys, found.n_keys_estimated) == (1, 1)
    assert found.total["key"] == found.total["roman"] == 1


def test_bias_is_the_mean_difference_of_every_measure_over_tracks():
    told, heard = (
        mt.ChordTable.from_sequences([ChordSequence.from_labels(s, track_id=str(i)) for i, s in enumerate(songs)])
        for songs in (SONGS, [[text.partition(":")[0] for text in s] for s in SONGS])
    )
    table = measure_bias(told, heard, "all").set_index(["measure", "vocabulary"])
    x, y = score_table(told, "all"), score_table(heard, "all")
    for key, row in table.iterrows():
        difference = (y[key] - x[key])[np.isfinite(x[key]) & np.isfinite(y[key])]
        assert row["n"] == len(difference)
        if len(difference) > 1:
            assert row["bias"] == pytest.approx(difference.mean())
            assert row["sd"] == pytest.approx(difference.std(ddof=1))
            assert row["low"] <= row["bias"] <= row["high"]
    lost = table.loc[("nontriad_share", "sevenths")]
    assert lost["bias"] == pytest.approx(-np.mean([0.5, 0.5, 0, 0.5]))
    assert np.isnan(lost["correlation"])  # the estimate does not vary
    spread = (x["fifths_spread", "sevenths"], y["fifths_spread", "sevenths"])
    assert table.loc[("fifths_spread", "sevenths"), "correlation"] == pytest.approx(np.corrcoef(*spread)[0, 1])


def test_confusions_are_shares_of_each_quality_of_the_reference(tmp_path):
    told = write_lab(tmp_path / "told.lab", "C:9", "C:9", "G:7", "F:5", "N")
    heard = write_lab(tmp_path / "heard.lab", "C:7", "C:maj", "D:maj", "F", "N")
    rows = mt.evaluate(told, heard, measures=CORE).confusion.to_dict("records")
    assert [(r["reference"], r["estimate"], round(r["share"], 3)) for r in rows] == [
        ("7", "7", 0.333), ("7", "maj", 0.667), ("N", "N", 1.0), ("X", "maj", 1.0),
    ]  # fmt: skip
    assert rows[1]["right_root"] == 0.5 and np.isnan(rows[2]["right_root"])


def test_the_document_is_plain_data_with_shares_from_0_to_1(tmp_path):
    from musictrend.run.folder import to_plain

    told = write_lab(tmp_path / "told.lab", "C:9", "C:9", "G:7")
    document = json.loads(json.dumps(to_plain(mt.evaluate(told, told, measures=CORE).to_dict()), allow_nan=False))
    assert document["root"] == document["per_track"][0]["root"] == 1
    assert document["key"] is None
    assert {"bias", "confusion", "failures", "n_tracks", "duration", "unit"} <= document.keys()


def test_reduced_labels_of_real_songs_lose_what_lies_beyond_the_vocabulary_and_no_more(real_corpus, tmp_path):
    root = real_corpus("mcgill_billboard")
    for song in sorted(p.parent.name for p in root.glob("lab/*/full.lab"))[:40]:
        for side, file in (("ref", f"lab/{song}/full.lab"), ("est", f"mirex/{song}/majmin7.lab")):
            (tmp_path / side).mkdir(exist_ok=True)
            shutil.copy(root / file, tmp_path / side / f"{song}.lab")
    found = mt.evaluate(
        tmp_path / "ref", tmp_path / "est", measures=["extended_share", "nontriad_share", "type_entropy"]
    )
    bias = found.bias.set_index(["measure", "vocabulary"])
    assert found.n_tracks == 40 and found.failures == []
    assert bias.loc[("extended_share", "full"), "bias"] < -0.02
    assert bias.loc[("extended_share", "full"), "estimate_mean"] == 0
    assert bias.loc[("type_entropy", "majmin"), "correlation"] > 0.95
