"""Notes read by us and by music21, on small scores of music21's own corpus that both keep in step."""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from musictrend.corpus.readers.scores import read_notes

CORPUS = Path(next(iter(find_spec("music21").submodule_search_locations))) / "corpus"
# Finale, Sibelius and MuseScore; upbeats, ties, transposition, tuplets, several voices a staff; kern.
SCORES = (
    "bach/bwv66.6.mxl",
    "bach/bwv244.46.mxl",
    "bach/bwv177.5.mxl",
    "chopin/mazurka06-2.krn",
    "corelli/opus3no1/1grave.xml",
    "handel/rinaldo/Lascia_chio_pianga.mxl",
    "johnson_j_r/lift_every_voice.mxl",
    "liliuokalani/aloha_oe.mxl",
    "lusitano/allor_che_ignuda.mxl",
    "mozart/k545/movement1_exposition.mxl",
    "palestrina/Agnus_I_16.krn",
    "palestrina/Sanctus_02_a.krn",
    "schoenberg/opus19/movement2.mxl",
    "verdi/laDonnaEMobile.mxl",
    "webern/webern_dormi_jesu_op_16_no_2.mxl",
)


@pytest.fixture(scope="module")
def read_with_music21():
    music21 = pytest.importorskip("music21")

    def read(path: Path) -> Counter:
        score = music21.converter.parse(path, forceSource=True, storePickle=False)
        score = score.toSoundingPitch() or score
        heard = [e for e in score.stripTies().flatten().notes if not e.duration.isGrace]
        return Counter((round(float(e.offset) * 48), p.midi) for e in heard for p in e.pitches)

    return read


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.filterwarnings("ignore")
def test_every_note_begins_where_music21_hears_it(name, read_with_music21):
    ours = read_notes(CORPUS / name)
    found = Counter(
        (round(onset * 48), int(pitch)) for onset, pitch in zip(ours.onset_quarter, ours.pitch, strict=True)
    )
    assert found == read_with_music21(CORPUS / name)


@pytest.mark.filterwarnings("ignore")
def test_the_same_movement_in_kern_and_in_musicxml_has_the_same_chords():
    from musictrend.extraction.score import estimate_chords

    kern, xml = (
        estimate_chords(read_notes(CORPUS / f"beethoven/opus18no1/movement2.{suffix}")) for suffix in ("krn", "mxl")
    )
    assert abs(len(kern) - len(xml)) <= 0.03 * len(xml)
    shared = sum((Counter(kern.labels) & Counter(xml.labels)).values())
    assert shared >= 0.95 * len(xml)
