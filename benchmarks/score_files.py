"""Read every score of some folders: what is read, what fails and why, how fast, beside music21, in how much memory.

    python benchmarks/score_files.py FOLDER... [--sample 8] [--limit 60] [--mei 40]

``music21`` as a folder is music21's own corpus (3,194 scores). Of an ABC tune book
every tune is read, and how many of them have chord symbols is printed. Files are read
by a process of their own, one at a time on one core; a file that takes longer
than the limit, or takes the process down, is named and the rest goes on. Then
both readers read the same sample: of each format, files at even steps through
the list. Processor time throughout.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import os
import resource
import time
from collections import Counter, defaultdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

SYMBOLS = (".rntxt", ".rntext")
FORMATS = {
    ".mxl": "MusicXML", ".xml": "MusicXML", ".musicxml": "MusicXML", ".krn": "kern", ".kern": "kern", ".abc": "ABC",
    ".mid": "MIDI", ".midi": "MIDI", ".mei": "MEI", ".rntxt": "RomanText", ".rntext": "RomanText", ".capx": "Capella",
    ".nwctxt": "Noteworthy",
}  # fmt: skip


def find_scores(folders: list[str]) -> list[Path]:
    """Every file of a format that holds a score, in the order of paths."""
    found = []
    for folder in folders:
        if folder == "music21":
            spec = find_spec("music21")
            assert spec and spec.submodule_search_locations, "music21 is not installed"
            root = Path(next(iter(spec.submodule_search_locations))) / "corpus"
        else:
            root = Path(folder)
        found += sorted(path for path in root.rglob("*") if path.suffix.lower() in FORMATS and path.is_file())
    return found


def read_one(path: Path) -> int:
    """Notes of a score; chord symbols of an analysis, which has no notes."""
    if path.suffix.lower() in SYMBOLS:
        from musictrend.corpus.readers.romantext import READER

        return len(READER.read_file(path)[0].symbols)
    from musictrend.corpus.readers.scores import read_notes

    if path.suffix.lower() == ".abc":
        return read_book(path)
    return len(read_notes(path))


def read_book(path: Path) -> int:
    """Notes of all tunes of an ABC file; one that cannot be read is one failure of the file."""
    from musictrend.corpus.readers._abc_book import split_book
    from musictrend.corpus.readers.scores import read_notes
    from musictrend.errors import ReaderError

    notes, failed = 0, []
    tunes = split_book(path)
    for tune in tunes:
        try:
            notes += len(read_notes(path, part=tune.part))
        except ReaderError as error:
            failed.append(f"X:{tune.part}: {error.reason}")
    if failed:
        raise ReaderError(f"{len(failed)} of {len(tunes)} tunes: {failed[0]}")
    return notes


def count_tunes(paths: list[Path]) -> str:
    """Books, tunes and tunes with chord symbols among ABC files."""
    from musictrend.corpus.readers._abc_book import split_book
    from musictrend.corpus.readers.abc_tunes import READER
    from musictrend.errors import ReaderError

    books = tunes = symbols = 0
    for path in (p for p in paths if p.suffix.lower() == ".abc"):
        try:
            tunes += len(split_book(path))
            books += len(split_book(path)) > 1
            symbols += sum(piece.problem is None for piece in READER.read_file(path))
        except ReaderError:  # listed among the failures, or one tune without symbols
            continue
    return f"ABC: {tunes:,} tunes, {books} books of several; {symbols} tunes with chord symbols"


def read_in_turn(pipe: Any) -> None:
    """The reading process: a path comes in; notes, seconds, reason and peak memory go out."""
    from musictrend.corpus.readers.reader import MALFORMED, as_reader_error
    from musictrend.errors import ReaderError

    while path := pipe.recv():
        began = time.process_time()
        notes, reason = 0, ""
        try:
            notes = read_one(Path(path))
        except (ReaderError, *MALFORMED) as error:
            trouble = as_reader_error(error)
            reason = ": ".join(filter(None, [trouble.place, trouble.reason]))
        seconds = time.process_time() - began
        pipe.send((notes, seconds, reason, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def read_all(paths: list[Path], limit: float) -> list[tuple[int, float, str, float]]:
    """Results of all files; a process that hangs or dies is replaced."""
    context = mp.get_context("spawn")
    results: list[tuple[int, float, str, float]] = []
    process, pipe = None, None
    for path in paths:
        if process is None:
            pipe, inner = context.Pipe()
            process = context.Process(target=read_in_turn, args=(inner,), daemon=True)
            process.start()
            inner.close()
        assert pipe is not None
        pipe.send(str(path))
        try:
            if not pipe.poll(limit):
                raise TimeoutError
            results.append(pipe.recv())
        except (TimeoutError, EOFError) as error:
            why = f"HANG: more than {limit:g} s" if isinstance(error, TimeoutError) else "CRASH"
            results.append((0, limit, why, 0.0))
            process.kill()
            process = None
    if process is not None and pipe is not None:
        pipe.send("")
        process.join()
    return results


def time_both(paths: list[Path]) -> tuple[dict[str, list[float]], list[tuple[float, str]]]:
    """By format: files, notes and seconds of ours and of music21, notes in both; and files where notes differ."""
    import warnings

    import music21

    from musictrend.corpus.readers._music21 import _take
    from musictrend.corpus.readers.scores import read_notes

    warnings.simplefilter("ignore")
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0] * 6)
    differ: list[tuple[float, str]] = []
    for path in paths:
        began = time.process_time()
        ours = read_notes(path)
        middle = time.process_time()
        try:
            score = music21.converter.parse(path, forceSource=True, storePickle=False)
            end = time.process_time()
            played = path.suffix.lower() in (".mid", ".midi")
            theirs = _take(music21, score)[0] if not played else read_with_mido(path)
        except Exception as error:  # it raises whatever Python has
            differ.append((0.0, f"{'/'.join(path.parts[-3:])}: music21 fails: {type(error).__name__}"))
            continue
        shared = count_shared(ours, theirs)
        most = max(len(ours), len(theirs))
        if shared < most:
            differ.append((shared / most, f"{'/'.join(path.parts[-3:])}: {shared} of {most} notes in both"))
        row = sums[FORMATS[path.suffix.lower()]]
        for i, value in enumerate((1, len(ours), middle - began, len(theirs), end - middle, shared)):
            row[i] += value
    return sums, sorted(differ)


def read_with_mido(path: Path) -> Any:
    """Notes of a MIDI file by mido: music21 quantises what was played, and splits notes at its bar lines."""
    import mido

    from musictrend.corpus.notes import collect_notes

    file = mido.MidiFile(path)
    rows = []
    for track in file.tracks:
        now, on = 0, defaultdict(list)
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity and message.channel != 9:
                on[message.channel, message.note].append(now)
            elif message.type in ("note_off", "note_on") and on[message.channel, message.note]:
                begun = on[message.channel, message.note].pop(0)
                rows.append((begun / file.ticks_per_beat, (now - begun) / file.ticks_per_beat, message.note))
    return collect_notes(rows, [0.0, 4.0], [1.0], [])


def count_shared(ours: Any, theirs: Any) -> int:
    """Notes that both have: pitch, onset and duration, these to a 48th of a quarter note."""
    bags = []
    for notes in (ours, theirs):
        grid = [(column * 48).round().astype(int).tolist() for column in (notes.onset_quarter, notes.duration_quarter)]
        bags.append(Counter(zip(notes.pitch.tolist(), *grid, strict=True)))
    return sum((bags[0] & bags[1]).values())


def compare_mei(paths: list[Path], count: int) -> None:
    """MusicXML turned into MEI by verovio, read by us and by music21: the share of its notes that come back.

    music21 raises KeyError at most words of songs (``wordpos="s"``).
    """
    import tempfile

    import verovio

    from musictrend.corpus.readers._music21 import notes_with_music21
    from musictrend.corpus.readers.scores import read_notes
    from musictrend.errors import ReaderError

    verovio.enableLog(verovio.LOG_OFF)
    paths = [path for path in paths if FORMATS[path.suffix.lower()] == "MusicXML"]
    whole, found, failed = [0, 0], [0, 0], [0, 0]
    seconds = [0.0, 0.0]
    files = 0
    with tempfile.TemporaryDirectory() as folder:
        mei = Path(folder) / "score.mei"
        for path in paths[:: max(len(paths) // count, 1)]:
            toolkit = verovio.toolkit()
            if not toolkit.loadFile(str(path)):
                continue  # verovio does not take it
            text = toolkit.getMEI()
            mei.write_text(text, encoding="utf-8")
            written = read_notes(path)
            files += 1
            for i, read in enumerate((lambda: read_notes(mei), lambda: notes_with_music21(text, "mei"))):  # noqa: B023
                began = time.process_time()
                try:
                    notes = read()
                except ReaderError:
                    failed[i] += 1
                    continue
                finally:
                    seconds[i] += time.process_time() - began
                whole[i] += max(len(notes), len(written))
                found[i] += count_shared(notes, written)
    print(f"\nMEI made by verovio of {files} MusicXML scores:")
    for i, name in enumerate(("ours", "music21")):
        print(f"  {name:<8} {failed[i]} not read; of the others {found[i] / max(whole[i], 1):.2%} of notes as in MusicXML; "
              f"{whole[i] / max(seconds[i], 1e-9):,.0f} notes/s")  # fmt: skip


def main() -> None:
    """Read, count, list, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folders", nargs="+", help="folders of scores; 'music21' is its own corpus")
    parser.add_argument("--sample", type=int, default=8, help="files of each format that music21 reads as well")
    parser.add_argument("--limit", type=float, default=60, help="seconds a file may take")
    parser.add_argument("--mei", type=int, default=0, help="MusicXML scores to read again as MEI (needs verovio)")
    parser.add_argument("--json", action="store_true", help="print the table as JSON too")
    options = parser.parse_args()
    paths = find_scores(options.folders)
    results = read_all(paths, options.limit)
    table: dict[str, Counter] = defaultdict(Counter)
    for path, (notes, seconds, reason, _) in zip(paths, results, strict=True):
        row = table[FORMATS[path.suffix.lower()]]
        row["files"] += 1
        row["read"] += not reason
        row["notes"] += notes
        row["seconds"] += seconds  # type: ignore[assignment]
    print(f"{'format':<11}{'files':>6}{'read':>6}{'failed':>8}{'notes':>12}{'notes/s':>10}{'files/s':>9}")
    for name, row in sorted(table.items()):
        rate, files = row["notes"] / max(row["seconds"], 1e-9), row["files"] / max(row["seconds"], 1e-9)
        print(f"{name:<11}{row['files']:>6}{row['read']:>6}{row['files'] - row['read']:>8}{row['notes']:>12,}"
              f"{rate:>10,.0f}{files:>9,.0f}")  # fmt: skip
    print("(RomanText: chord symbols, not notes)")
    print(count_tunes(paths))
    failed = [(path, result[2]) for path, result in zip(paths, results, strict=True) if result[2]]
    print(f"\n{len(failed)} failed:")
    for path, reason in failed:
        print(f"  {'/'.join(path.parts[-3:])}: {reason}")
    stopped = sum(reason.startswith(("HANG", "CRASH")) for _, reason in failed)
    slowest = max(range(len(paths)), key=lambda i: results[i][1])
    print(f"\ncrashes and hangs: {stopped}; slowest: {paths[slowest].name}, {results[slowest][1]:.2f} s; "
          f"peak memory {max(r[3] for r in results):.0f} MiB")  # fmt: skip
    sample = []
    for name in sorted(set(FORMATS.values()) - {"RomanText"}):
        own = [p for p, r in zip(paths, results, strict=True) if FORMATS[p.suffix.lower()] == name and not r[2]]
        own = [p for p in own if p.suffix.lower() != ".abc" or p.read_bytes().count(b"\nX:") == 0]  # no books
        sample += own[:: max(len(own) // options.sample, 1)][: options.sample]
    print(f"\nthe same {len(sample)} files by both, at even steps through the list:")
    print(f"{'format':<11}{'files':>6}{'ours, notes/s':>15}{'music21':>10}{'times':>8}{'agree':>8}")
    compared, differ = time_both(sample)
    for name, (files, ours, quick, theirs, slow, shared) in sorted(compared.items()):
        a, b = ours / max(quick, 1e-9), theirs / max(slow, 1e-9)
        agree = shared / max(ours, theirs, 1)
        print(f"{name:<11}{files:>6.0f}{a:>15,.0f}{b:>10,.0f}{a / max(b, 1e-9):>8.0f}{agree:>8.1%}")
    for _, line in differ:
        print(f"  {line}")
    if options.mei:
        compare_mei(paths, options.mei)
    if options.json:
        print(json.dumps({"formats": table, "failed": [(str(p), r) for p, r in failed]}))


if __name__ == "__main__":
    main()
