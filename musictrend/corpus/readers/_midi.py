"""Notes of a MIDI file, by symusic: every track but the drums, in quarter notes.

Times are the file's own ticks and are not quantised: a file that was played in
without a click has no beats to be set right to, and one that was drawn has them
already. Bars and beats come from the time signatures (4/4 until one is written),
sounds have no spelling, and the tempo map is kept beside them.

References
----------
.. [1] MIDI Manufacturers Association (1996). The complete MIDI 1.0 detailed specification.
.. [2] Liao, Luo et al. (2024). symusic: a swift and unified toolkit for symbolic music processing. ISMIR, late
   breaking.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from musictrend.corpus.files import read_bytes
from musictrend.corpus.notes import LATEST, LONGEST, MAX_BARS, UNSPELLED, Notes, beat_length, collect_notes
from musictrend.errors import OddNotationError, ReaderError

__all__ = ["notes_from_midi", "read_midi_title"]

MAX_MIDI = 16 * 2**20  # bytes; 64 tracks of an opera have two million
_NAME = re.compile(rb"\xff\x03([\x01-\x7f])")


def notes_from_midi(path: Path) -> Notes:
    """Notes of a MIDI file, drums left out.

    Raises
    ------
    ReaderError
        When it is no MIDI file, is broken, has no notes, or lasts longer than any piece.
    """
    data = read_midi_bytes(path)
    import symusic

    try:
        score: Any = symusic.Score.from_midi(data)
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        reason = " ".join(str(error).replace("Invaild", "invalid").removeprefix("MiniMidi: ").split())[:160]
        raise OddNotationError(f"broken MIDI: {reason}", hint="export it again") from None
    ticks = score.ticks_per_quarter
    if not 0 < ticks < 32768:
        raise ReaderError(f"a quarter note of {ticks} ticks", place="header", hint="export it again")
    sounding = [track for track in score.tracks if len(track.notes) and not track.is_drum]
    if not sounding:
        drums = any(len(track.notes) for track in score.tracks)
        raise ReaderError(f"a score without notes{': drums alone' * drums}", hint="is this the right file?")
    columns = []
    for number, track in enumerate(sounding):
        notes = track.notes.numpy()
        times = np.stack([notes["time"], notes["duration"], notes["pitch"]]).astype(float)
        times[:2] /= ticks
        columns.append(np.vstack([times, np.full((2, times.shape[1]), [[UNSPELLED], [number]])]))
    rows = np.hstack(columns).T  # (n, 5)
    warnings = []
    if held := int((rows[:, 1] > LONGEST).sum()):
        warnings.append(("score", f"{held} note{'s' * (held > 1)} never let go, cut to {LONGEST:g} quarter notes"))
        rows[:, 1] = np.minimum(rows[:, 1], LONGEST)
    end = float((rows[:, 0] + rows[:, 1]).max())
    if end > LATEST:
        raise ReaderError(
            f"lasts {end:,.0f} quarter notes: at most {LATEST:,.0f} are read", hint="a recording of a whole day?"
        )
    bars, beats = _lay_bars([(s.time / ticks, s.numerator, s.denominator) for s in score.time_signatures], end)
    return collect_notes(
        rows,
        bars,
        beats,
        [(k.time / ticks, int(k.key)) for k in score.key_signatures if abs(k.key) <= 7],
        title=read_midi_title(data),
        tempos=[(t.time / ticks, float(t.qpm)) for t in score.tempos],
        warnings=warnings,
    )


def read_midi_bytes(path: Path) -> bytes:
    """The MIDI in a file, out of its RIFF wrapping where it has one."""
    data = read_bytes(path, limit=MAX_MIDI)
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        data = data[max(data.find(b"MThd"), 0) :]
    if data[:4] != b"MThd":
        raise ReaderError("not MIDI: it does not begin with MThd", hint="is this the right file?")
    return data


def read_midi_title(data: bytes) -> str:
    r"""Name of the sequence: of the first track, unless that is an instrument's among several.

    Examples
    --------
    >>> read_midi_title(b"MThd...." + bytes(6) + b"MTrk" + bytes(4) + b"\x00\xff\x03\x04Song")
    'Song'
    """
    start = data.find(b"MTrk")
    stop = data.find(b"MTrk", start + 4)
    first = data[start : stop if stop > 0 else len(data)]
    name = _NAME.search(first[:400])
    if start < 0 or name is None or (stop > 0 and re.search(rb"[\x90-\x9f][\x00-\x7f][\x01-\x7f]", first[8:])):
        return ""
    text = first[name.end() : name.end() + name[1][0]]
    try:
        title = text.decode("utf-8")
    except UnicodeDecodeError:
        title = text.decode("latin-1")
    return " ".join(title.replace("\0", " ").split())


def _lay_bars(signatures: list[tuple[float, int, int]], end: float) -> tuple[np.ndarray, np.ndarray]:
    """Where bars start, and their beats: shapes (b + 1,) and (b,). A new signature starts a bar."""
    changes = [(0.0, 4, 4)]
    for at, count, unit in sorted(signatures, key=lambda s: s[0]):
        if not (0 < count < 200 and 0 < unit <= 128) or at >= end:
            continue
        if at - changes[-1][0] < 1e-6:
            changes.pop()
        if not changes or (count, unit) != changes[-1][1:]:
            changes.append((at, count, unit))
    starts, beats = [], []
    total = 0
    for (at, count, unit), until in zip(changes, [*(c[0] for c in changes[1:]), end], strict=True):
        length = 4.0 * count / unit
        number = max(math.ceil((until - at) / length - 1e-6), 1)
        total += number
        if total > MAX_BARS:
            raise ReaderError(f"more than {MAX_BARS:,} bars", hint="are its time signatures right?")
        starts.append(at + length * np.arange(number))
        beats.append(np.full(number, beat_length(count, unit)))
    last = starts[-1][-1] + 4.0 * changes[-1][1] / changes[-1][2]
    return np.append(np.concatenate(starts), max(last, end)), np.concatenate(beats)
