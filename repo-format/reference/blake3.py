"""BLAKE3 in Python 3 alone: plain and derive-key, 32 bytes of output.

Many chunks of 1024 bytes are compressed side by side. A word of all of them is one large integer with 64 bits a lane,
of which the lower 32 hold the word, so that a sum never reaches the next lane.
"""
from array import array

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT, CONTEXT, MATERIAL = 1, 2, 4, 8, 32, 64
CHUNK_SIZE, BLOCK_SIZE = 1024, 64


def pack_lanes(words):
    return int.from_bytes(array("Q", words).tobytes(), "little")


def unpack_lanes(value, count):
    words = array("Q")
    words.frombytes(value.to_bytes(8 * count, "little"))
    return words


def compress(values, block, counters, lengths, flags, ones):
    """One compression in every lane; `ones` holds a 1 in each. Returns the eight new chaining values."""
    mask = ones * 0xFFFFFFFF

    def mix(a, b, c, d, x, y):
        for word, right, last in ((x, 16, 12), (y, 8, 7)):
            s[a] = s[a] + s[b] + word & mask
            t = s[d] ^ s[a]
            s[d] = (t >> right | t << 32 - right) & mask
            s[c] = s[c] + s[d] & mask
            t = s[b] ^ s[c]
            s[b] = (t >> last | t << 32 - last) & mask

    s = list(values) + [ones * word for word in IV[:4]]
    s += [counters & mask, counters >> 32 & mask, lengths, ones * flags]
    m = block
    for round_number in range(7):
        mix(0, 4, 8, 12, m[0], m[1])
        mix(1, 5, 9, 13, m[2], m[3])
        mix(2, 6, 10, 14, m[4], m[5])
        mix(3, 7, 11, 15, m[6], m[7])
        mix(0, 5, 10, 15, m[8], m[9])
        mix(1, 6, 11, 12, m[10], m[11])
        mix(2, 7, 8, 13, m[12], m[13])
        mix(3, 4, 9, 14, m[14], m[15])
        m = [m[position] for position in ORDER]
    return [s[i] ^ s[i + 8] for i in range(8)]


def lane_ones(count):
    return pack_lanes([1] * count)


def words_of(data):
    words = array("I")
    words.frombytes(data)
    return words


def full_chunks(data, count, counters, key, flags, is_root):
    """Chaining values of `count` whole chunks, one list of eight words each."""
    ones = lane_ones(count)
    values = [ones * word for word in key]
    words = words_of(data)
    counter_lanes = pack_lanes(counters)
    for block in range(16):
        message = [pack_lanes(words[block * 16 + i::256]) for i in range(16)]
        block_flags = flags | (CHUNK_START if block == 0 else 0)
        if block == 15:
            block_flags |= CHUNK_END | (ROOT if is_root else 0)
        values = compress(values, message, counter_lanes, ones * BLOCK_SIZE, block_flags, ones)
    return list(zip(*(unpack_lanes(value, count) for value in values)))


def short_chunk(data, counter, key, flags, is_root):
    """The chaining value of the last chunk, which may be short or empty."""
    values = list(key)
    blocks = [data[at:at + BLOCK_SIZE] for at in range(0, len(data), BLOCK_SIZE)] or [b""]
    for number, block in enumerate(blocks):
        block_flags = flags | (CHUNK_START if number == 0 else 0)
        if number == len(blocks) - 1:
            block_flags |= CHUNK_END | (ROOT if is_root else 0)
        message = list(words_of(bytes(block).ljust(BLOCK_SIZE, b"\0")))
        values = compress(values, message, counter, len(block), block_flags, 1)
    return tuple(values)


def parents(lefts, rights, key, flags):
    count = len(lefts)
    ones = lane_ones(count)
    message = [pack_lanes(column) for column in list(zip(*lefts)) + list(zip(*rights))]
    values = compress([ones * word for word in key], message, 0, ones * BLOCK_SIZE, flags | PARENT, ones)
    return list(zip(*(unpack_lanes(value, count) for value in values)))


def to_bytes(words):
    return array("I", words).tobytes()


def hash_with(data, key, flags):
    data = bytes(data)
    if len(data) <= CHUNK_SIZE:
        return to_bytes(short_chunk(data, 0, key, flags, True))
    count = (len(data) - 1) // CHUNK_SIZE
    level = full_chunks(data[:count * CHUNK_SIZE], count, range(count), key, flags, False)
    level.append(short_chunk(data[count * CHUNK_SIZE:], count, key, flags, False))
    # Pairs from the left, an odd one carried up: the same tree as the definition's.
    while len(level) > 2:
        carried = level[len(level) - len(level) % 2:]
        level = parents(level[0:len(level) - len(carried):2], level[1::2], key, flags) + carried
    return to_bytes(parents(level[:1], level[1:], key, flags | ROOT)[0])


def hash_plain(data):
    return hash_with(data, IV, 0)


def derive_key(context):
    """A function that hashes in this context."""
    key = tuple(words_of(hash_with(context.encode(), IV, CONTEXT)))
    return lambda data: hash_with(data, key, MATERIAL)


def hash_pages(data, page_size=4096):
    """The plain hashes of all pages of the data, side by side; pages are four chunks long."""
    per_page = page_size // CHUNK_SIZE
    assert per_page == 4 and len(data) % page_size == 0
    count = len(data) // CHUNK_SIZE
    if count == 0:
        return []
    level = full_chunks(data, count, [i % per_page for i in range(count)], IV, 0, False)
    level = parents(level[0::2], level[1::2], IV, 0)
    return [to_bytes(words) for words in parents(level[0::2], level[1::2], IV, ROOT)]
