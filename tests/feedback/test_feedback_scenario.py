"""Scenarios say what is wrong with them."""

import pytest

from musictrend.errors import ParameterError
from musictrend.feedback import Scenario, list_scenarios, load_scenario


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"generator_share": 1.0}, "from 0 to below 1"),
        ({"generator_share": "much"}, "from 0 to below 1"),
        ({"data_mode": "recycle"}, "'replace', 'accumulate'"),
        ({"copying": 1.2}, "copying=1.2 must be a number from 0 to 1"),
        ({"fresh_human": -0.1}, "fresh_human=-0.1"),
        ({"temperature": float("nan")}, "temperature=nan"),
        ({"temperature": -1}, "0 or more"),
        ({"steps": 0}, "steps=0 must be a whole number, 1 or more"),
        ({"steps": 2.5}, "steps=2.5"),
        ({"human_works": -1}, "human_works=-1"),
        ({"top_p": 0}, "top_p=0 must be above 0"),
        ({"plays_per_work": 0}, "above 0"),
        ({"dedup": "yes"}, "true or false"),
        ({"conformity": float("inf")}, "conformity=inf"),
    ],
)
def test_a_value_out_of_range_is_named_with_what_is_accepted(changes, words):
    with pytest.raises(ParameterError, match="must be") as caught:
        Scenario(**changes)
    assert words in str(caught.value)


def test_an_unknown_field_is_answered_with_close_ones(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("generator_shar = 0.4\n", encoding="utf-8")
    with pytest.raises(ParameterError, match="close: generator_share"):
        load_scenario(path)


def test_a_file_that_is_no_toml_or_not_there_is_said_so(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("generator_share is 0.4\n", encoding="utf-8")
    with pytest.raises(ParameterError, match="not valid TOML"):
        load_scenario(path)
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(ParameterError, match="not UTF-8"):
        load_scenario(path)
    with pytest.raises(ParameterError, match="packaged are accumulate"):
        load_scenario(tmp_path / "none.toml")


def test_a_file_gives_its_name_to_a_scenario_without_one(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("generator_share = 0.25\nsteps = 3\n", encoding="utf-8")
    scenario = load_scenario(path)
    assert (scenario.name, scenario.generator_share, scenario.steps) == ("mine", 0.25, 3)


def test_every_packaged_scenario_loads_and_says_what_it_is():
    described = list_scenarios()
    assert {"no_generators", "replace", "accumulate", "deezer_2026"} <= set(described)
    assert all(len(text) > 20 for text in described.values())
    assert all(load_scenario(name).name == name for name in described)
