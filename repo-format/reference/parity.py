"""Parity files, held against the packs they protect, as repo-format/parity.md says."""
import struct

import structures as format_of
from structures import require

BLOCK = 512


def make_field():
    """Powers of 3 and their logarithms, in the field of 256 with x^8 + x^4 + x^3 + x + 1."""
    powers, logarithms, power = [], [0] * 256, 1
    for exponent in range(255):
        powers.append(power)
        logarithms[power] = exponent
        power ^= power << 1
        power ^= 0x11B if power > 255 else 0
    return powers, logarithms


POWERS, LOGARITHMS = make_field()


def make_crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC_TABLE = make_crc_table()


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ CRC_TABLE[(value ^ byte) & 255]
    return value ^ 0xFFFFFFFF


def divided_by(divisor):
    """For each byte what it is, divided."""
    logarithm = LOGARITHMS[divisor]
    return bytes([0] + [POWERS[(LOGARITHMS[value] - logarithm) % 255] for value in range(1, 256)])


def check_parity_file(data, read_pack):
    """Each stripe: both copies of its checksums, every block against them, and the parity of the packs."""
    head = format_of.read_parity_head(data)
    require(len(data) == head["file length"] and data[-BLOCK:] == data[:BLOCK], "parity file: length or second head")
    packs = [read_pack(format_of.pack_name(head["session"], number, "packs")) for number, _ in head["packs"]]
    require([len(pack) for pack in packs] == [length for _, length in head["packs"]], "parity file: length of a pack")
    blocks = b"".join(pack + bytes(-len(pack) % BLOCK) for pack in packs)
    rows, columns, count = head["rows"], head["data columns"], head["parity columns"]
    blocks += bytes(rows * columns * BLOCK - len(blocks))
    at, first, number = BLOCK, 0, 0
    while first < rows:
        here = min(head["rows per stripe"], rows - first)
        size = -(-(columns + count) * here // 127) * BLOCK
        sums, parity = data[at:at + size], data[at + size:at + size + count * here * BLOCK]
        require(data[at + size + len(parity):][:size] == sums, "parity file: the copies of the checksums differ")
        width = here * BLOCK
        parts = [blocks[(column * rows + first) * BLOCK:][:width] for column in range(columns)]
        check_checksums(sums, number, b"".join(parts) + parity)
        for i in range(count):
            found = 0
            for column, part in enumerate(parts):
                found ^= int.from_bytes(part.translate(divided_by((255 - i) ^ column)), "little")
            require(found.to_bytes(width, "little") == parity[i * width:(i + 1) * width], "parity file: parity")
        at, first, number = at + 2 * size + len(parity), first + here, number + 1


def check_checksums(pages, stripe, blocks):
    expected = [crc32c(blocks[at:at + BLOCK]) for at in range(0, len(blocks), BLOCK)]
    for page in range(len(pages) // BLOCK):
        body, own = pages[page * BLOCK:][:508], pages[page * BLOCK + 508:][:4]
        require(crc32c(struct.pack("<II", stripe, page) + body) == int.from_bytes(own, "little"), "parity page: checksum")
        here = expected[page * 127:(page + 1) * 127]
        require(struct.pack(f"<{len(here)}I", *here).ljust(508, b"\0") == body, "parity page: checksum of a block")
