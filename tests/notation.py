"""Small scores in several notations, written by the tests that read them."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections import Counter
from pathlib import Path

import numpy as np

XML = '<?xml version="1.0" encoding="UTF-8"?>'


def rows(notes) -> list[tuple[float, float, int]]:
    """Onset, duration and pitch of every note."""
    return list(zip(notes.onset_quarter.tolist(), notes.duration_quarter.tolist(), notes.pitch.tolist(), strict=True))


def bag(notes) -> Counter:
    """Every note by its onset and duration on a fine grid, pitch and spelling."""
    grid = [np.round(column * 48).astype(int).tolist() for column in (notes.onset_quarter, notes.duration_quarter)]
    return Counter(zip(*grid, notes.pitch.tolist(), notes.fifth.tolist(), strict=True))


def agreement(ours, theirs) -> float:
    """Share of notes that both have, at the same time, as long, as high and spelled alike."""
    a, b = bag(ours), bag(theirs)
    return sum((a & b).values()) / max(sum(a.values()), sum(b.values()))


# --- MIDI ---


def number(value: int) -> bytes:
    """A quantity of variable length."""
    out = [value & 127]
    while value := value >> 7:
        out.append(value & 127 | 128)
    return bytes(reversed(out))


def midi_track(*events: tuple[int, bytes]) -> bytes:
    """A track of (delta, event)."""
    body = b"".join(number(delta) + event for delta, event in (*events, (0, b"\xff\x2f\x00")))
    return b"MTrk" + struct.pack(">I", len(body)) + body


def midi_notes(*notes: tuple[int, int, int], channel: int = 0) -> list[tuple[int, bytes]]:
    """Events of (onset, duration, pitch) in ticks."""
    moments = [(on, 1, bytes([0x90 + channel, pitch, 80])) for on, _, pitch in notes]
    moments += [(on + length, 0, bytes([0x80 + channel, pitch, 0])) for on, length, pitch in notes]
    now, events = 0, []
    for at, _, event in sorted(moments, key=lambda m: m[:2]):
        events.append((at - now, event))
        now = at
    return events


def midi(*tracks: bytes, division: int = 480, kind: int = 1) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division) + b"".join(tracks)


# --- MEI ---


def mei(*measures: str, definition: str = "", head: str = "", section: str = "{}", staves: int = 1) -> str:
    """An MEI score; ``section`` is what stands around the measures."""
    grid = "".join(f'<staffDef n="{n + 1}" lines="5"/>' for n in range(staves))
    body = section.format("".join(measures))
    return (
        f'{XML}<mei xmlns="http://www.music-encoding.org/ns/mei"><meiHead>{head}</meiHead><music><body><mdiv><score>'
        f'<scoreDef meter.count="4" meter.unit="4" {definition}><staffGrp>{grid}</staffGrp></scoreDef>'
        f"<section>{body}</section></score></mdiv></body></music></mei>"
    )


def measure(*layers: str, more: str = "", attributes: str = "", staff: int = 1) -> str:
    inner = "".join(f'<layer n="{i + 1}">{layer}</layer>' for i, layer in enumerate(layers))
    return f'<measure {attributes}><staff n="{staff}">{inner}</staff>{more}</measure>'


def mei_note(pitch: str = "c4", dur: str = "1", more: str = "", inside: str = "") -> str:
    return f'<note pname="{pitch[0]}" oct="{pitch[1]}" dur="{dur}" {more}>{inside}</note>'


# --- archives ---


def write_zip_bomb(path: Path, name: str, megabytes: int) -> int:
    """A real archive whose one member unpacks to so many megabytes of spaces; returns its own size.

    The same compressed block over and over; sizes in the zip64 fields, as such a member needs.
    """
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeeze.compress(b" " * 2**20) + squeeze.flush(zlib.Z_FULL_FLUSH)
    packed, size = len(block) * megabytes + 2, megabytes * 2**20
    extra = struct.pack("<HHQQ", 1, 16, size, packed)
    encoded = name.encode()
    common = struct.pack("<HHHHHIII", 45, 0, 8, 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF)
    with path.open("wb") as file:
        file.write(b"PK\x03\x04" + common + struct.pack("<HH", len(encoded), len(extra)) + encoded + extra)
        for _ in range(megabytes):
            file.write(block)
        file.write(b"\x03\x00")
        start = file.tell()
        central = b"PK\x01\x02" + struct.pack("<H", 45) + common + struct.pack("<HH", len(encoded), len(extra))
        file.write(central + struct.pack("<HHHII", 0, 0, 0, 0, 0) + encoded + extra)
        file.write(b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, file.tell() - start, start, 0))
    assert zipfile.ZipFile(path).getinfo(name).file_size == size
    return path.stat().st_size
