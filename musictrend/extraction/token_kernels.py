"""From the bytes of a CSV to numbered chord symbols: one pass, no text is made.

A row is read as RFC 4180 has it: cells parted by commas, quoted where they hold commas, quotes (doubled) or
line ends. What is out of the ordinary is marked and left to Python: the kernel need not know it, only where
it begins and ends. Imported on first use, for it imports numba.
"""

import numpy as np

from musictrend.compilation import kernel

__all__ = ["find_first_use", "join_cells", "rebuild_table", "renumber", "tokenize_rows"]

# Classes of bytes inside a cell of chords.
WORD, INSIDE, SPACE, MARK, RETURN, NEWLINE, COMMA, QUOTE, ODD_BYTE = 0, 1, 2, 3, 4, 5, 6, 7, 8
# What a row is marked with: to be read again by Python; no row of a CSV; too few or too many cells.
ODD, BROKEN, UNEVEN = 1, 2, 4
# Why the kernel came back.
DONE, HUNGRY, FULL, TOO_LONG = 0, 1, 2, 3
# Eight bytes at a time: a 1 in each, the top bit of each, and bytes to look for.
ONES, TOPS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
BLANKS, COMMAS, NEWLINES, RETURNS = (
    ONES * np.uint64(32),
    ONES * np.uint64(44),
    ONES * np.uint64(10),
    ONES * np.uint64(13),
)


@kernel
def load_eight(words, i):
    """The eight bytes from byte i on, the first one lowest; ``words`` are the bytes as little-endian numbers."""
    shift = np.uint64(8 * (i & 7))
    k = i >> 3
    return (words[k] >> shift) | ((words[k + 1] << (np.uint64(63) - shift)) << np.uint64(1))


@kernel
def find_zero(x):
    """Top bit of the lowest byte that is 0, and perhaps of some above it; 0 when none is."""
    return (x - ONES) & ~x & TOPS


@kernel
def find_slot(low, high, table_low, table_high, table_code):
    """Slot of a symbol of at most 16 bytes in the hash table, or the free one where it belongs."""
    mask = np.uint64(len(table_code) - 1)
    mixed = (low ^ (high * np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xD6E8FEB86659FD93)
    slot = (mixed ^ (mixed >> np.uint64(32))) & mask
    while table_code[slot] >= 0 and (table_low[slot] != low or table_high[slot] != high):
        slot = (slot + np.uint64(1)) & mask
    return slot


@kernel
def rebuild_table(symbol_low, symbol_high, n, table_low, table_high, table_code):
    """Put the symbols so far into an empty, larger hash table."""
    for code in range(n):
        slot = find_slot(symbol_low[code], symbol_high[code], table_low, table_high, table_code)
        table_low[slot] = symbol_low[code]
        table_high[slot] = symbol_high[code]
        table_code[slot] = code


@kernel
def tokenize_rows(
    data, words, size, ended, n_columns, chords, slot_of, max_row, max_cell, class_of,
    table_low, table_high, table_code, symbol_low, symbol_high, n_symbols, line,
    codes, row_begin, row_end, row_line, row_codes, row_mark, spans,
):  # fmt: skip
    """Read whole rows from the start of ``data``.

    Parameters
    ----------
    data : uint8 array; ``size`` bytes of it count, ``ended`` says whether the file ends there
    words : the same memory as little-endian uint64
    n_columns, chords : numbers of columns, and of the one that holds chords
    slot_of : int64 array, shape (n_columns,); row of ``spans`` that keeps the bounds of a column's cells, or -1
    class_of : uint8 array, shape (256,)
    table_*, symbol_* : the hash table, and the symbols in the order of their codes
    line : number of the line at which ``data`` begins
    codes : out, the symbols of all rows; row_codes[i] is where those of row i end
    row_*, spans : out, one entry a row

    Returns
    -------
    used, n_rows, n_symbols, line, why : bytes that were read, and why no more were
    """
    n_rows, n_codes, at = 0, 0, 0
    most = len(table_code) // 2
    while at < size:
        if n_rows == len(row_begin):
            return at, n_rows, n_symbols, line, DONE
        # A line of blanks is no row.
        i = at
        while i < size and (data[i] == 32 or 9 <= data[i] <= 13) and data[i] != 10:
            i += 1
        if i == size:
            if ended:
                return size, n_rows, n_symbols, line, DONE
            if size - at > max_row:
                return at, n_rows, n_symbols, line, TOO_LONG
            return at, n_rows, n_symbols, line, HUNGRY
        if data[i] == 10:
            if i + 1 - at > max_row:
                return at, n_rows, n_symbols, line, TOO_LONG
            at, line = i + 1, line + 1
            continue

        i = at
        column, mark, lines, first_code = 0, 0, 0, n_codes
        broken, hungry = False, False
        seen, seen_eight = np.uint8(0), np.uint64(0)  # all bytes together: is one of them not ASCII?
        while True:  # a cell
            quoted = i < size and data[i] == 34
            if quoted:
                i += 1
            start, doubled = i, 0
            if column == chords:
                low, high, length = np.uint64(0), np.uint64(0), 0
                while True:  # a byte
                    # A symbol met before that ends in a blank: only symbols that are in order are in the table.
                    while length == 0 and i + 8 < size:
                        eight = load_eight(words, i)
                        ends = find_zero(eight ^ BLANKS)
                        below = ((ends & (~ends + np.uint64(1))) >> np.uint64(7)) - np.uint64(1)
                        if ends == 0 or below == 0:
                            break
                        slot = find_slot(eight & below, np.uint64(0), table_low, table_high, table_code)
                        code = table_code[slot]
                        if code < 0:
                            break
                        codes[n_codes] = code
                        n_codes += 1
                        i += np.int64(((below & ONES) * ONES) >> np.uint64(56)) + 1
                    kind = NEWLINE
                    byte = np.uint8(0)
                    if i < size:
                        byte = data[i]
                        kind = class_of[byte]
                    if kind == WORD or (kind == INSIDE and length > 0):
                        if length < 8:
                            low |= np.uint64(byte) << np.uint64(8 * length)
                        elif length < 16:
                            high |= np.uint64(byte) << np.uint64(8 * length - 64)
                        length += 1
                        i += 1
                        continue
                    if length > 0:  # here a symbol ends
                        if length > 16:
                            mark |= ODD
                        else:
                            slot = find_slot(low, high, table_low, table_high, table_code)
                            code = table_code[slot]
                            if code < 0:
                                if n_symbols >= most:
                                    return at, n_rows, n_symbols, line, FULL
                                code = n_symbols
                                table_low[slot], table_high[slot], table_code[slot] = low, high, code
                                symbol_low[code], symbol_high[code] = low, high
                                n_symbols += 1
                            codes[n_codes] = code
                            n_codes += 1
                        low, high, length = np.uint64(0), np.uint64(0), 0
                    if i >= size:
                        break
                    if kind == SPACE:
                        i += 1
                    elif kind == MARK:
                        j = i + 1
                        while j < size and data[j] != 62 and class_of[data[j]] <= SPACE:
                            j += 1
                        if j < size and data[j] == 62:
                            i = j + 1
                        else:
                            mark |= ODD
                            i += 1
                    elif kind in (NEWLINE, RETURN):
                        if not quoted:
                            break
                        lines += kind == NEWLINE
                        i += 1
                    elif kind == COMMA:
                        if not quoted:
                            break
                        mark |= ODD
                        i += 1
                    elif kind == QUOTE:
                        if quoted:
                            if i + 1 < size and data[i + 1] == 34:
                                doubled += 1
                                mark |= ODD
                                i += 2
                                continue
                            break
                        mark |= ODD
                        i += 1
                    else:
                        seen |= byte
                        mark |= ODD
                        i += 1
            elif quoted:
                while i < size:
                    byte = data[i]
                    if byte == 34:
                        if i + 1 < size and data[i + 1] == 34:
                            doubled += 1
                            if column < n_columns and slot_of[column] >= 0:
                                mark |= ODD
                            i += 2
                            continue
                        break
                    seen |= byte
                    lines += byte == 10
                    i += 1
            else:
                while i + 8 < size:
                    eight = load_eight(words, i)
                    ends = find_zero(eight ^ COMMAS) | find_zero(eight ^ NEWLINES) | find_zero(eight ^ RETURNS)
                    if ends != 0:
                        break
                    seen_eight |= eight
                    i += 8
                while i < size:
                    byte = data[i]
                    if byte == 44 or byte == 10 or byte == 13:
                        break
                    seen |= byte
                    i += 1
            stop = i
            if quoted:
                if i >= size:  # the quote was not closed
                    hungry = not ended
                    broken = ended
                    break
                i += 1
                if i >= size and not ended:  # is it the first of two?
                    hungry = True
                    break
            elif i >= size and not ended:
                hungry = True
                break
            if stop - start - doubled > max_cell:
                broken = True
                break
            if column < n_columns and slot_of[column] >= 0:
                spans[slot_of[column], n_rows, 0] = start
                spans[slot_of[column], n_rows, 1] = stop
            if i < size and data[i] == 44:
                column += 1
                i += 1
                continue
            while i < size and data[i] == 13:
                i += 1
            if i >= size:
                hungry = not ended
                break
            if data[i] == 10:
                i += 1
                lines += 1
            else:
                broken = True  # text after a closing quote, or a carriage return alone
            break

        if (i if not hungry else size) - at > max_row:
            broken, hungry = True, False
        if hungry:
            return at, n_rows, n_symbols, line, HUNGRY
        if broken:  # its first line is all that is known to belong to it
            i = at
            while i < size and data[i] != 10:
                i += 1
            if i >= size and not ended:
                if i - at > max_row:
                    return at, n_rows, n_symbols, line, TOO_LONG
                return at, n_rows, n_symbols, line, HUNGRY
            i = min(i + 1, size)
            if i - at > max_row:
                return at, n_rows, n_symbols, line, TOO_LONG
            lines = 1
            mark = BROKEN
        if seen >= 128 or seen_eight & TOPS != 0:
            mark |= ODD
        if not broken and column + 1 != n_columns:
            mark |= UNEVEN
        if mark != 0:
            n_codes = first_code
        row_begin[n_rows] = at
        row_end[n_rows] = i
        row_line[n_rows] = line
        row_codes[n_rows] = n_codes
        row_mark[n_rows] = mark
        n_rows += 1
        line += max(lines, 1)
        at = i
    return at, n_rows, n_symbols, line, (DONE if ended else HUNGRY)


@kernel
def join_cells(data, spans, out):
    """Copy cells one after the other, a line end after each; returns the number of bytes."""
    n = 0
    for row in range(len(spans)):
        for i in range(spans[row, 0], spans[row, 1]):
            out[n] = data[i]
            n += 1
        out[n] = 10
        n += 1
    return n


@kernel
def renumber(label, order):
    """Put each label's number of ``order`` in its place."""
    for i in range(len(label)):
        label[i] = order[label[i]]


@kernel
def find_first_use(label, order):
    """Number labels in the order in which they are met; -1 for those that are not."""
    n = 0
    for i in range(len(label)):
        if order[label[i]] < 0:
            order[label[i]] = n
            n += 1
        if n == len(order):
            break
    return n
