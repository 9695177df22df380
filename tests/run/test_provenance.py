"""What a run says of where its numbers come from: every model that had a hand in it, and on which terms."""

import pytest

from musictrend.extraction.beats import choose_tracker
from musictrend.run.provenance import describe_engines
from musictrend.validation.calibration import find_calibration


@pytest.mark.parametrize("commercial", [False, True])
def test_whoever_finds_the_beats_is_named_with_the_licence_of_the_models(commercial):
    tracker = choose_tracker(commercial=commercial)
    rows = {row["name"]: row for row in describe_engines(["librosa"], commercial=commercial)}
    beats = rows[f"beats by {tracker.name}"]
    assert (beats["commercial"], beats["licence_weights"]) == (tracker.commercial, tracker.licence_weights)
    assert not commercial or all(row["commercial"] for row in rows.values())


def test_chords_from_notes_need_nobody_for_beats():
    assert [row["name"] for row in describe_engines(["notes"])] == ["notes"]


def test_the_record_of_chords_from_notes_was_learned_with_the_networks_that_ship():
    assert describe_engines(["notes"])[0]["version"] == find_calibration("notes").version
