"""From genres, or from exposure, to segments."""

from __future__ import annotations

import pytest

from musictrend.corpus.genres import SegmentRule, split_genres
from musictrend.corpus.track import Track
from musictrend.errors import CorpusError


def rule(segments=None, genres=None):
    return SegmentRule.from_toml(segments, genres)


def track(*genres, **more):
    return Track(track_id="a", genres=genres, **more)


def test_a_genre_takes_its_side_and_the_rest_takes_the_stars():
    found = rule({"pop": ["Pop"], "niche": ["Jazz"], "*": "other"})
    assert [found.assign(track(g)) for g in ("pop", "JAZZ", "polka")] == ["pop", "niche", "other"]
    assert rule({"pop": ["pop"], "*": "niche"}).assign(track("polka")) == "niche"
    assert rule({"pop": ["pop"]}).assign(track("polka")) == "other"


def test_a_track_without_genres_takes_no_side():
    assert rule({"pop": ["pop"], "*": "niche"}).assign(track()) == "other"


def test_a_track_on_both_sides_takes_the_side_of_most_and_a_tie_takes_none():
    found = rule({"pop": ["pop", "dance"], "niche": ["jazz"]})
    assert found.assign(track("pop", "dance", "jazz")) == "pop"
    assert found.assign(track("pop", "jazz")) == "other"


def test_genres_listed_as_other_take_no_side_though_the_rest_is_niche():
    found = rule({"pop": ["pop"], "other": ["spoken word"], "*": "niche"})
    assert found.assign(track("Spoken_Word")) == "other"
    assert found.assign(track("jazz")) == "niche"


def test_synonyms_are_one_genre_also_where_the_rule_writes_the_variant():
    found = rule({"pop": ["pop"], "niche": ["hip-hop"]}, {"hip hop": ["hip-hop", "Rap"]})
    assert found.canonical(["Rap", "HIP-HOP", "jazz"]) == ("hip hop", "jazz")
    assert found.assign(track("rap")) == "niche"


def test_exposure_parts_the_charts():
    found = rule({"by": "exposure", "measure": "peak_rank", "pop": "<= 20", "niche": "> 40", "*": "other"})
    sides = [found.assign(track(exposure={"peak_rank": v})) for v in (1, 20, 21, 40, 41)]
    assert sides == ["pop", "pop", "other", "other", "niche"]
    assert found.assign(track("pop")) == found.assign(track(exposure={"peak_rank": float("nan")})) == "other"
    by_popularity = rule({"by": "exposure", "pop": ">= 0.5", "niche": "< 0.5"})
    assert by_popularity.assign(track(popularity=0.5)) == "pop"


@pytest.mark.parametrize(
    ("segments", "words"),
    [
        ({"pop": ["pop"], "nische": ["jazz"]}, "nische"),
        ({"pop": ["pop"], "*": "rest"}, "'rest'"),
        ({"pop": ["pop"], "*": ["niche"]}, "must be 'pop'"),
        ({"pop": 7}, "must be a list of genres"),
        ({"pop": [1, 2]}, "must be a list of genres"),
        ({"pop": {"a": 1}}, "must be a list of genres"),
        ({"pop": ["jazz"], "niche": ["Jazz"]}, "two segments"),
        ({"by": "exposure", "pop": "many", "niche": "> 3"}, "comparison"),
        ({"by": "exposure", "pop": "<= 20"}, "comparison"),
        ({"by": "exposure", "pop": "<= 20", "niche": "> 40", "*": "rest"}, "must be 'pop'"),
        ({"by": "weather", "pop": ["pop"]}, "by"),
    ],
)
def test_a_rule_that_is_none_is_refused_in_one_line(segments, words):
    with pytest.raises(CorpusError, match="segments") as caught:
        rule(segments)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_variants_of_one_genre_cannot_stand_in_two_segments():
    with pytest.raises(CorpusError, match="two segments"):
        rule({"pop": ["rap"], "niche": ["hip hop"]}, {"hip hop": ["rap"]})


def test_the_default_rule_says_that_it_is_the_default():
    assert not rule().stated
    assert "default" in rule().describe()
    assert rule().assign(track("Pop")) == "pop"
    assert rule().assign(track("bebop")) == "niche"


def test_a_genre_almost_written_like_one_of_the_rule_is_found():
    assert rule({"pop": ["pop"], "niche": ["electronic"]}).close_names("electronik") == ["electronic"]


def test_cells_hold_several_genres():
    assert split_genres("Jazz; Bossa Nova |jazz;;") == ("jazz", "bossa nova")
