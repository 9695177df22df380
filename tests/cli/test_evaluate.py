"""The command ``musictrend evaluate``: documents, tables and exit codes."""

from __future__ import annotations

import json

import pytest

from musictrend.cli.app import run_command


def write_lab(path, *chords):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{i}\t{i + 1}\t{text}\n" for i, text in enumerate(chords)))
    return str(path)


@pytest.fixture
def pair(tmp_path):
    return write_lab(tmp_path / "a.lab", "C", "G:7", "F:5"), write_lab(tmp_path / "b.lab", "C", "G", "F")


def test_json_is_one_document_with_shares_and_null_for_what_is_absent(pair, capsys):
    assert run_command(["evaluate", *pair, "--json", "--measures", "nontriad_share", "--quiet"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["root"] == 1 and document["majmin"] == 1
    assert document["sevenths"] == pytest.approx(1 / 2) and document["tetrads"] == pytest.approx(1 / 3)
    assert document["key"] is None and document["per_track"][0]["track_id"] == "a"
    assert document["bias"][0]["bias"] == pytest.approx(-1 / 3)


def test_the_text_shows_shares_bias_and_confusion(pair, capsys):
    assert run_command(["evaluate", *pair, "--measures", "nontriad_share", "--quiet"]) == 0
    text = capsys.readouterr().out
    assert "root               1.0000" in text
    assert "nontriad_share" in text and "qualities" in text
    assert "roman" not in text  # no key, so no line


def test_a_track_on_one_side_alone_ends_in_3_and_is_named(tmp_path, capsys):
    for side, names in (("ref", "ab"), ("est", "bc")):
        for name in names:
            write_lab(tmp_path / side / f"{name}.lab", "C", "G")
    arguments = [
        "evaluate",
        str(tmp_path / "ref"),
        str(tmp_path / "est"),
        "--measures",
        "nontriad_share",
        "--json",
        "-q",
    ]
    assert run_command(arguments) == 3
    told = capsys.readouterr()
    assert [f["track_id"] for f in json.loads(told.out)["failures"]] == ["a", "c"]
    assert "a (estimate): missing" in told.err
    assert run_command([*arguments, "--allow-failures"]) == 0


def test_nothing_in_common_ends_in_4(tmp_path, capsys):
    write_lab(tmp_path / "ref" / "a.lab", "C")
    write_lab(tmp_path / "est" / "b.lab", "C")
    assert run_command(["evaluate", str(tmp_path / "ref"), str(tmp_path / "est")]) == 4
    assert "nothing in common" in capsys.readouterr().err


def test_a_wrong_measure_is_a_usage_error_before_anything_is_read(pair, capsys):
    assert run_command(["evaluate", *pair, "--measures", "complexness"]) == 2
    assert "complexness" in capsys.readouterr().err


def test_an_order_without_times_ends_in_1_with_one_line(pair, tmp_path, capsys):
    order = tmp_path / "order.csv"
    order.write_text("label,unit\nC:maj,order\nG:maj,order\n")
    assert run_command(["evaluate", pair[0], str(order)]) == 1
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("error: estimate: only the order") and "never by position" in line


def test_confidences_are_drawn_where_there_are_any(pair, tmp_path, capsys):
    reference, estimate = pair
    sure = tmp_path / "sure.csv"
    assert run_command(["extract", estimate, "-o", str(sure), "--quiet"]) == 0
    lines = sure.read_text().splitlines()
    place = lines[0].split(",").index("confidence")
    for i, line in enumerate(lines[1:], start=1):
        cells = line.split(",")
        cells[place] = "0.8"
        lines[i] = ",".join(cells)
    sure.write_text("\n".join(lines))
    plot, asked = tmp_path / "sure.png", ["--measures", "nontriad_share", "--quiet"]
    assert run_command(["evaluate", reference, str(sure), "--plot", str(plot), *asked]) == 0
    assert plot.read_bytes().startswith(b"\x89PNG") and "ECE" in capsys.readouterr().out
    assert run_command(["evaluate", *pair, "--plot", str(plot), *asked]) == 2
    assert "the estimate has none" in capsys.readouterr().err
    assert run_command(["evaluate", *pair, "--plot", "sure.bmp", *asked]) == 2
    assert "must end in .png" in capsys.readouterr().err
