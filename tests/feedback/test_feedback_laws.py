"""Every limiting case of science.md 3.2 holds, and the check can tell when one does not."""

import pytest

from musictrend.errors import ParameterError
from musictrend.feedback import check_laws
from musictrend.feedback import world as world_module
from musictrend.feedback.trial import LAWS


@pytest.mark.parametrize("law", list(LAWS))
def test_the_law_holds(law):
    table = check_laws(0, [law])
    assert len(table)
    assert table["held"].all(), table[~table["held"]].to_string()


def test_all_thirteen_cases_are_there():
    assert {LAWS[name].case for name in LAWS} == set(range(1, 14))


def test_the_inverse_scaling_row_prints_its_figures():
    table = check_laws(0, [11])
    assert [round(x, 2) for x in table["expected"]] == [6.5, 6.59, 6.72, 6.79, 6.5, 6.42, 6.33, 6.3]
    assert (abs(table["simulated"] - table["expected"]) < 0.02).all()


def test_a_broken_step_breaks_the_laws(monkeypatch):
    """A generator that secretly sharpens must not pass for a faithful one."""
    write = world_module.write_generated_songs

    def sharper(world):
        songs = write(world)
        if songs is not None and songs.tokens.dtype.kind == "i":
            songs.tokens[::4] = songs.tokens[::4].min()
        return songs

    monkeypatch.setattr(world_module, "write_generated_songs", sharper)
    assert not check_laws(0, ["inverse_scaling"])["held"].all()
    assert not check_laws(0, ["temperature"])["held"].all()


def test_the_same_seed_gives_the_same_table():
    assert check_laws(3, ["filter", 10]).equals(check_laws(3, ["filter", 10]))
    assert not check_laws(3, [10]).equals(check_laws(4, [10]))


def test_an_unknown_law_is_named_with_those_there_are():
    with pytest.raises(ParameterError, match="1 replace, 2 accumulate"):
        check_laws(laws=["gravity"])
