#!/usr/bin/env python3
"""Writes what differs between two raw images into a VHDX of the older one, in place, and lists it as a ranges file.

usage: apply-changes.py OLD_RAW NEW_RAW SINCE ID RANGES_FILE VHDX

The ranges are exact to 4 KiB. The VHDX is written by qemu-io, so its virtual disk id stays.
"""
import json
import mmap
import os
import subprocess
import sys
import tempfile

GRAIN = 4096
STRIDE = 1024 * 1024
CELL = 64 * 1024
WRITE_GAP = 64 * 1024  # ranges closer than this become one write
WRITE_MAX = 8 * 1024 * 1024


def differing(old, new):
    """Yields (offset, length) of all that differs, ascending, in whole grains, touching ones merged."""
    start = end = None
    for stride in range(0, len(new), STRIDE):
        if old[stride:stride + STRIDE] == new[stride:stride + STRIDE]:
            continue
        for at in range(stride, min(stride + STRIDE, len(new)), GRAIN):
            if old[at:at + GRAIN] == new[at:at + GRAIN]:
                continue
            if end != at:
                if start is not None:
                    yield start, end - start
                start = at
            end = min(at + GRAIN, len(new))
    if start is not None:
        yield start, end - start


def writes(ranges):
    """Fewer and larger ranges that cover the given ones."""
    start = end = None
    for offset, length in ranges:
        while length > 0:
            part = min(length, WRITE_MAX)
            if start is not None and offset - end <= WRITE_GAP and offset + part - start <= WRITE_MAX:
                end = offset + part
            else:
                if start is not None:
                    yield start, end - start
                start, end = offset, offset + part
            offset, length = offset + part, length - part
    if start is not None:
        yield start, end - start


def main(old_path, new_path, since, new_id, ranges_path, vhdx):
    with open(old_path, "rb") as old_file, open(new_path, "rb") as new_file:
        old = mmap.mmap(old_file.fileno(), 0, access=mmap.ACCESS_READ)
        new = mmap.mmap(new_file.fileno(), 0, access=mmap.ACCESS_READ)
        if len(old) != len(new):
            sys.exit(f"{old_path} and {new_path} differ in size.")
        ranges = list(differing(old, new))
        with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(vhdx))) as folder:
            commands = []
            for number, (offset, length) in enumerate(writes(ranges)):
                path = os.path.join(folder, str(number))
                with open(path, "wb") as part:
                    part.write(new[offset:offset + length])
                commands.append(f"write -q -s {path} {offset} {length}\n")
            subprocess.run(
                ["qemu-io", "-f", "vhdx", "-t", "unsafe", vhdx],
                input="".join(commands), text=True, check=True, stdout=subprocess.DEVNULL)
    with open(ranges_path, "w", encoding="utf-8") as out:
        listed = [{"offset": offset, "length": length} for offset, length in ranges]
        json.dump({"since": since, "id": new_id, "ranges": listed}, out)
    total = sum(length for _, length in ranges)
    cells = set()
    for offset, length in ranges:
        cells.update(range(offset // CELL, (offset + length + CELL - 1) // CELL))
    print(f"{len(ranges)} ranges, {total} bytes in cells of {GRAIN}, {len(cells) * CELL} in cells of {CELL}")


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    main(*sys.argv[1:])
