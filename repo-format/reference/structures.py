"""Every structure of a repository, read as the pages of repo-format/ say and in no other way. Whatever breaks a rule
of a page raises Refused."""
import base64
import re
import shutil
import struct
import subprocess
import unicodedata

import blake3

PAGE = 4096
HEADER, RECORD, ENTRY, TRAILER = 144, 72, 56, 104
PACK_MAX, RECORD_MAX, TEXT_MAX, DISK_MAX = 1 << 30, 16 << 20, 4096, 64 << 40
CHUNK_COUNT_MAX = DISK_MAX // (16 << 10)
ZERO = bytes(32)
NO_SESSION = bytes(16)

chunk_hash = blake3.derive_key("HyperVBackup 2026 chunk")
node_hash = blake3.derive_key("HyperVBackup 2026 map node")
list_hash = blake3.derive_key("HyperVBackup 2026 list")
root_hash = blake3.derive_key("HyperVBackup 2026 disk root")


class Refused(Exception):
    pass


def require(holds, what):
    if not holds:
        raise Refused(what)


def checksum(data):
    return blake3.hash_plain(data)[:16]


def session_text(session):
    return base64.b32encode(session).decode().lower().rstrip("=")


def session_of(text):
    try:
        session = base64.b32decode(text.upper() + "======")
    except ValueError:
        raise Refused("session id")
    require(len(text) == 26 and session_text(session) == text, "session id")
    return session


class Fields:
    """Reads one field after another."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, length):
        require(length <= len(self.data) - self.at, "the bytes end inside a field")
        self.at += length
        return self.data[self.at - length:self.at]

    def number(self, size):
        return int.from_bytes(self.bytes(size), "little")

    def count(self):
        value = self.number(8)
        require(value < 1 << 63, "a count that no signed number holds")
        return value

    def time(self):
        value = int.from_bytes(self.bytes(8), "little", signed=True)
        require(-62135596800000 <= value <= 253402300799999, "time")
        return value

    def text(self, most=TEXT_MAX):
        length = self.number(2)
        require(length <= most, "length of a text")
        try:
            return self.bytes(length).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("text is not UTF-8")

    def place(self, folder="maps"):
        return place_of(self.bytes(28), folder)

    def end(self):
        require(self.at == len(self.data), "bytes after the last field")


def pack_name(session, number, folder):
    text = session_text(session)
    return f"{folder}/{text[:2]}/{text}-{number}"


def place_of(data, folder):
    """(pack name, offset, length), or None where it is not known."""
    if data == bytes(28):
        return None
    session, number, offset, length = data[:16], *struct.unpack("<III", data[16:])
    require(session != NO_SESSION and offset >= HEADER and length > RECORD and offset + length <= PACK_MAX, "place")
    return pack_name(session, number, folder), offset, length


def is_chunk_size(size):
    return 16 << 10 <= size <= 4 << 20 and size & (size - 1) == 0


def is_name(text):
    units = len(text.encode("utf-16-le")) // 2
    return 0 < units <= 200 and not any(unicodedata.category(letter) == "Cc" for letter in text)


def read_file_header(data):
    require(len(data) >= HEADER, "file header: length")
    data = data[:HEADER]
    require(data[:8] == b"HVBACKUP", "file header: magic")
    require(checksum(data[:128]) == data[128:], "file header: checksum")
    version, kind, name_length, reserved = struct.unpack("<HHHH", data[8:16])
    require(version == 1 and kind in range(1, 15) and reserved == 0, "file header: version, kind or reserved")
    require(1 <= name_length <= 96, "file header: name length")
    name = data[32:32 + name_length]
    require(not any(data[32 + name_length:128]), "file header: padding")
    require(all(0x20 < letter < 0x7F for letter in name), "file header: name")
    return {"kind": kind, "repository": data[16:32], "name": name.decode("ascii")}


def decode_lz4(data, length):
    output, at = bytearray(), 0
    try:
        while True:
            token = data[at]
            at += 1
            run = token >> 4
            if run == 15:
                while True:
                    run += data[at]
                    at += 1
                    if data[at - 1] != 255:
                        break
            require(at + run <= len(data) and len(output) + run <= length, "LZ4 block")
            output += data[at:at + run]
            at += run
            if at == len(data):
                break
            distance = data[at] | data[at + 1] << 8
            at += 2
            match = (token & 15) + 4
            if match == 19:
                while True:
                    match += data[at]
                    at += 1
                    if data[at - 1] != 255:
                        break
            require(0 < distance <= len(output) and len(output) + match <= length, "LZ4 block")
            start = len(output) - distance
            pattern = bytes(output[start:])
            output += (pattern * (match // distance + 1))[:match] if distance < match else pattern[:match]
    except IndexError:
        raise Refused("LZ4 block")
    require(len(output) == length, "LZ4 block")
    return bytes(output)


def check_zstd_frame(data, length):
    """Requires exactly one frame that says how many bytes it holds (RFC 8878, 3.1.1)."""
    require(len(data) >= 6 and data[:4] == b"\x28\xb5\x2f\xfd", "zstd frame: magic or length")
    descriptor = data[4]
    is_single, size_flag = descriptor >> 5 & 1, descriptor >> 6
    at = 5 + (1 - is_single) + (0, 1, 2, 4)[descriptor & 3]
    size_length = (1 if is_single else 0, 2, 4, 8)[size_flag]
    size = int.from_bytes(data[at:at + size_length], "little") + (256 if size_flag == 1 else 0)
    require(size_length > 0 and size == length, "zstd frame: content size")
    at, is_last = at + size_length, False
    while not is_last:
        header = int.from_bytes(data[at:at + 3], "little")
        is_last, kind, block = header & 1, header >> 1 & 3, header >> 3
        at += 3 + (1 if kind == 1 else block)
        require(at <= len(data), "zstd frame: cut")
    require(at + (4 if descriptor >> 2 & 1 else 0) == len(data), "zstd frame: bytes after it, or cut")


def decode_zstd(data, length):
    """By Python 3.14 or later, else by the program zstd."""
    check_zstd_frame(data, length)
    try:
        from compression import zstd
    except ImportError:
        if shutil.which("zstd") is None:
            raise NotImplementedError("zstd needs Python 3.14 or the program zstd")
        done = subprocess.run(["zstd", "-d", "-c", "-q"], input=data, capture_output=True)
        require(done.returncode == 0, "zstd frame")
        output = done.stdout
    else:
        try:
            output = zstd.decompress(data)
        except zstd.ZstdError:
            raise Refused("zstd frame")
    require(len(output) == length, "zstd frame")
    return output


def read_record(data):
    """The record at the start of the data; its body is still encoded."""
    require(len(data) >= RECORD, "record: length")
    require(data[16:20] == b"HVBR", "record: magic")
    kind, codec, flags, plain, stored, key, extension, reserved = struct.unpack("<BBHIIIHH", data[20:40])
    require(kind in (*range(1, 12), 13, 14) and codec in (0, 1, 2), "record: type or codec")
    require(flags == 0 and key == 0 and reserved == 0, "record: flags, key id or reserved")
    require(0 < plain <= RECORD_MAX and 0 < stored <= plain, "record: lengths")
    require((codec == 0) == (stored == plain), "record: stored and plain length do not fit the codec")
    require(extension <= 8192 and (kind == 1 or extension == 0), "record: extension length")
    require(kind not in (2, 3) or codec == 0, "record: a compressed node or recipe")
    identity = data[40:72]
    require((kind in (1, 2, 3, 4)) == (identity != ZERO), "record: id")
    total = RECORD + extension + stored
    require(len(data) >= total, "record: bytes end inside it")
    require(checksum(data[16:total]) == data[:16], "record: checksum")
    return {"type": kind, "codec": codec, "plain length": plain, "id": identity, "length": total,
            "extension": data[72:72 + extension], "body": data[72 + extension:total]}


def decode_body(record):
    length = record["plain length"]
    if record["codec"] == 0:
        return record["body"]
    return (decode_lz4 if record["codec"] == 1 else decode_zstd)(record["body"], length)


def bitmap_pages(bitmap, page_count):
    bits = int.from_bytes(bitmap, "little")
    require(len(bitmap) == (page_count + 7) // 8 and bits >> page_count == 0, "page bitmap")
    return [page for page in range(page_count) if bits >> page & 1]


def decode_chunk(record, chunk_size):
    """All bytes of a chunk, held against its id."""
    page_count, extension = chunk_size // PAGE, record["extension"]
    require(record["type"] == 1, "chunk record: type")
    pages = list(range(page_count))
    if extension:
        require(len(extension) >= 4 and extension[0] == 1 and extension[1] == 0, "chunk record: extension")
        require(int.from_bytes(extension[2:4], "little") == len(extension) - 4, "chunk record: extension length")
        pages = bitmap_pages(extension[4:], page_count)
        require(0 < len(pages) < page_count, "chunk record: bitmap of all pages or none")
    require(record["plain length"] == len(pages) * PAGE, "chunk record: plain length")
    plain = decode_body(record)
    chunk = bytearray(chunk_size)
    for number, page in enumerate(pages):
        stored = plain[number * PAGE:(number + 1) * PAGE]
        require(any(stored), "chunk record: a stored page is zero")
        chunk[page * PAGE:(page + 1) * PAGE] = stored
    hashes = [ZERO] * page_count
    for page, page_hash in zip(pages, blake3.hash_pages(plain)):
        hashes[page] = page_hash
    require(chunk_hash(b"".join(hashes)) == record["id"], "chunk record: content is not that of the id")
    return bytes(chunk), hashes


def read_recipe(body, page_count):
    """The sources of a delta, (data id, place), and for each page (source, slot), or None where it is zero."""
    fields = Fields(body)
    source_count, reserved, pages_here = fields.number(1), fields.number(1), fields.number(2)
    require(1 <= source_count <= 9 and reserved == 0 and pages_here == page_count, "recipe: counts or reserved")
    sources = [(fields.bytes(32), fields.place("packs")) for _ in range(source_count)]
    data_ids = [data_id for data_id, _ in sources]
    require(ZERO not in data_ids and len(set(data_ids)) == source_count, "recipe: data ids")
    numbers = [fields.number(1) for _ in range(page_count)]
    pages, used = [], []
    for number in numbers:
        slot = fields.number(2)
        if number == 255:
            require(slot == 0, "recipe: slot of a zero page")
            pages.append(None)
            continue
        require(number < source_count and slot < page_count, "recipe: source or slot of a page")
        if number not in used:
            used.append(number)
        pages.append((number, slot))
    require(used == list(range(source_count)), "recipe: sources not used or out of order")
    fields.end()
    return {"sources": sources, "pages": pages}


def put_together(recipe, chunks, identity):
    """The chunk a recipe makes of what its sources expand to, in their order; held against its id."""
    output, hashes = bytearray(), []
    for taken in recipe["pages"]:
        number, slot = taken or (0, 0)
        page = chunks[number][slot * PAGE:(slot + 1) * PAGE] if taken else bytes(PAGE)
        require(taken is None or any(page), "recipe: the source does not hold a page it takes")
        hashes.append(blake3.hash_plain(page) if taken else ZERO)
        output += page
    require(chunk_hash(b"".join(hashes)) == identity, "recipe: the chunk it makes is not that of the id")
    return bytes(output)


def read_node(plain):
    require(len(plain) >= 4, "map node: length")
    level, reserved, bitmap = struct.unpack("<BBH", plain[:4])
    require(1 <= level <= 8 and reserved == 0 and bitmap != 0, "map node: level, reserved or no child")
    fields = Fields(plain)
    fields.bytes(4)
    named = [child for child in range(16) if bitmap >> child & 1]
    children = {child: fields.bytes(32) for child in named}
    require(ZERO not in children.values(), "map node: a named child is zero")
    identity = node_hash(plain[:fields.at])
    pack_count = fields.number(1)
    require(pack_count <= 16, "map node: pack count")
    folder = "packs" if level == 1 else "maps"
    packs = [(fields.bytes(16), fields.number(4)) for _ in range(pack_count)]
    require(len(set(packs)) == pack_count, "map node: a pack named twice")
    places, used, ends = {}, [], {}
    for child in named:
        form = fields.number(1)
        pack, follows, length_size = form & 31, form >> 5 & 1, (form >> 6) + 1
        if pack == 31:
            require(form == 31, "map node: a place in no pack")
            places[child] = None
            continue
        require(pack < pack_count, "map node: pack index")
        if pack not in used:
            used.append(pack)
        require(not follows or pack in ends, "map node: a record that follows none")
        offset = ends[pack] if follows else fields.number(4)
        require(follows or offset != ends.get(pack), "map node: an offset where none is needed")
        length = fields.number(length_size)
        require(length_size == 1 or length >> 8 * (length_size - 1), "map node: size of a record's length")
        ends[pack] = offset + length
        session, number = packs[pack]
        places[child] = place_of(session + struct.pack("<III", number, offset, length), folder)
        require(places[child] is not None, "map node: place")
    require(used == list(range(pack_count)), "map node: packs not used or out of order")
    fields.end()
    return {"level": level, "id": identity, "children": children, "places": places}


def list_header(fields, kind, most):
    require(fields.number(1) == kind, "list: kind")
    segments = fields.number(1)
    require(segments in (1, 2, 3) if kind == 16 else segments == 0, "list: kind of the segments")
    require(fields.number(2) == 0, "list: reserved")
    count = fields.number(4)
    require(0 < count <= most, "list: entry count")
    return count


def read_change_list(plain):
    fields = Fields(plain)
    count, changes, least = list_header(fields, 1, 25000), [], 0
    while len(changes) < count:
        first, run = fields.count(), fields.number(4)
        require(first >= least, "change list: runs overlap, touch or are out of order")
        require(0 < run <= count - len(changes) and first + run <= CHUNK_COUNT_MAX, "change list: run")
        changes += [(first + position, fields.bytes(32)) for position in range(run)]
        least = first + run + 1
    fields.end()
    return changes


def read_range_list(plain):
    require(plain[:1] in (b"\2", b"\3"), "range list: kind")
    fields = Fields(plain)
    count, ranges, least = list_header(fields, plain[0], 25000), [], 0
    for _ in range(count):
        start, length = fields.count(), fields.count()
        require(start >= least and length > 0 and start + length <= DISK_MAX, "range list: order")
        ranges.append((start, length))
        least = start + length
    fields.end()
    return ranges


def read_list_head(plain):
    fields = Fields(plain)
    count, segments, least = list_header(fields, 16, 200000), [], 0
    key_end = CHUNK_COUNT_MAX if plain[1] == 1 else DISK_MAX
    for _ in range(count):
        identity, key, entries, place = fields.bytes(32), fields.count(), fields.number(4), fields.place()
        require(fields.number(4) == 0 and identity != ZERO and 0 < entries <= 25000, "list head: segment")
        require(least <= key < key_end, "list head: order")
        segments.append((identity, key, entries, place))
        least = key + 1
    fields.end()
    return segments


def read_configuration_file(plain):
    fields = Fields(plain)
    list_header(fields, 4, 1)
    name = fields.text(1024)
    require(name != "", "configuration file: name")
    length = fields.number(4)
    require(length <= 8 << 20, "configuration file: content length")
    content = fields.bytes(length)
    fields.end()
    return name, content


def read_reference(fields):
    kind, identity, count, place = fields.number(1), fields.bytes(32), fields.count(), fields.place()
    require(1 <= kind <= 4 and (identity == ZERO) == (count == 0), "list reference")
    require((count > 0 or place is None) and (kind != 4 or count == 1), "list reference")
    return kind, identity, count, place


def read_catches(fields):
    count = fields.number(2)
    require(count <= 256, "restore point: catch count")
    catches = [(fields.bytes(16), fields.number(2)) for _ in range(count)]
    require(catches == sorted(set(catches)), "restore point: catches")
    require(all(point != NO_SESSION and disk < 512 for point, disk in catches), "restore point: catches")
    return catches


def read_disk(fields):
    disk = {"name": fields.text(), "identity": fields.text(), "kind": fields.number(1),
            "virtual size": fields.count(), "chunk size": fields.number(4),
            "logical sector size": fields.number(4), "physical sector size": fields.number(4),
            "root": fields.bytes(32), "top node": fields.bytes(32), "top place": fields.place(),
            "parent": fields.bytes(16)}
    require(is_name(disk["name"]) and disk["name"] not in (".", "..")
            and not set(disk["name"]) & set("/\\"), "restore point: disk name")
    require(1 <= disk["kind"] <= 4, "restore point: disk kind")
    require(0 < disk["virtual size"] <= DISK_MAX and is_chunk_size(disk["chunk size"]), "restore point: sizes")
    require({disk["logical sector size"], disk["physical sector size"]} <= {512, 4096}, "restore point: sectors")
    require(disk["root"] != ZERO, "restore point: root")
    require(disk["top node"] != ZERO or disk["top place"] is None, "restore point: a zero top node lies nowhere")
    require(disk["kind"] != 1 or disk["parent"] == NO_SESSION, "restore point: a full disk has no parent")
    has_tracking = fields.number(1)
    require(has_tracking <= 1, "restore point: has tracking id")
    disk["tracking id"] = fields.text() if has_tracking else None
    require(disk["tracking id"] != "", "restore point: tracking id")
    disk["lost reason"] = fields.text()
    list_count = fields.number(1)
    require(list_count <= 3, "restore point: list count")
    disk["lists"] = [read_reference(fields) for _ in range(list_count)]
    kinds = [reference[0] for reference in disk["lists"]]
    require(kinds == sorted(set(kinds)) and 4 not in kinds, "restore point: lists")
    disk["statistics"] = [fields.count() for _ in range(10)]
    disk["trust"], disk["horizon"], due_count = fields.number(1), fields.number(4), fields.number(2)
    require(disk["trust"] <= 2 and due_count <= 100, "restore point: trust or due count")
    disk["dues"] = [(fields.count(), fields.number(4)) for _ in range(due_count)]
    runs = [1] + [run for _, run in disk["dues"]]
    require(runs == sorted(runs), "restore point: audit dues")
    require(all(position < disk["virtual size"] for position, _ in disk["dues"]), "restore point: audit dues")
    disk["open catches"], disk["ended catches"] = read_catches(fields), read_catches(fields)
    require((disk["trust"] == 1) == bool(disk["open catches"]), "restore point: trust")
    require(disk["trust"] != 0 or not disk["ended catches"], "restore point: trust")
    require(not set(disk["open catches"]) & set(disk["ended catches"]), "restore point: catches")
    return disk


def is_vm_name(text):
    return is_name(text) and not set(text) & set("@/")


def read_restore_point(plain):
    require(len(plain) <= (1 << 20) - 1024, "restore point: length")
    fields = Fields(plain)
    point = {"sequence": fields.count(), "time": fields.time(), "vm identity": fields.text(),
             "vm name": fields.text(), "consistency": fields.number(1), "kind": fields.number(1)}
    identity = point["vm identity"]
    is_guid = re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", identity)
    require(is_guid or identity.startswith("name:") and is_vm_name(identity[5:]), "restore point: vm identity")
    require(point["sequence"] > 0 and is_vm_name(point["vm name"]), "restore point: sequence or name")
    disk_count = fields.number(2)
    require(point["consistency"] <= 3 and disk_count <= 512, "restore point: consistency or disk count")
    point["disks"] = [read_disk(fields) for _ in range(disk_count)]
    require(len({disk["name"] for disk in point["disks"]}) == disk_count, "restore point: two disks of one name")
    kinds = {disk["kind"] for disk in point["disks"]}
    require(point["kind"] == next((kind for kind in (4, 2, 3) if kind in kinds), 1), "restore point: kind")
    file_count = fields.number(2)
    require(file_count <= 256, "restore point: configuration file count")
    point["configuration files"] = [read_reference(fields) for _ in range(file_count)]
    require(all(reference[0] == 4 for reference in point["configuration files"]), "restore point: file kind")
    extension_length = fields.number(4)
    require(extension_length <= 64 << 10, "restore point: extension length")
    point["extension"] = fields.bytes(extension_length)
    fields.end()
    return point


def root_of(disk):
    return root_hash(struct.pack("<IQ", disk["chunk size"], disk["virtual size"]) + disk["top node"])


def read_settings(plain):
    fields = Fields(plain)
    settings = {"chunk size": fields.number(4)}
    require(is_chunk_size(settings["chunk size"]) and fields.number(2) == 16, "settings: chunk size or fan-out")
    codec, level = fields.number(1), fields.number(4)
    require(level == 0 if codec in (0, 1) else codec == 2 and 1 <= level <= 19, "settings: codec and level")
    parity = fields.number(1)
    require(parity <= 100 and fields.number(8) == 0, "settings: parity percent or a required feature")
    settings.update({"codec": codec, "level": level, "parity percent": parity, "optional features": fields.number(8),
                     "created": fields.time()})
    require(fields.number(2) == 0, "settings: keys")
    fields.end()
    return settings


def read_lease(plain):
    fields = Fields(plain)
    lease = {"kind": fields.number(1), "highest collection": fields.count(), "started": fields.time(),
             "process id": fields.number(4), "host": fields.text(), "point": fields.bytes(16)}
    fields.end()
    require(1 <= lease["kind"] <= 7, "lease: kind")
    return lease


def read_prune_mark(plain):
    fields = Fields(plain)
    mark = {"time": fields.time(), "host": fields.text(), "why": fields.text()}
    fields.end()
    return mark


def read_sign_of_life(plain):
    fields = Fields(plain)
    sign = {"counter": fields.count(), "time": fields.time()}
    fields.end()
    require(sign["counter"] > 0, "sign of life: counter")
    return sign


def read_pin(plain):
    fields = Fields(plain)
    kind = fields.number(1)
    require(kind in (1, 2), "pin: kind")
    pin = {"until": fields.time() if kind == 2 else "removed", "made": fields.time(), "host": fields.text()}
    fields.end()
    return pin


def read_collection_set(plain):
    """The number, the ids of the points, and (kind, session, number) of the packs."""
    fields = Fields(plain)
    number, point_count = fields.count(), fields.number(4)
    require(number > 0 and point_count <= 200000, "collection set: number or point count")
    points = [fields.bytes(16) for _ in range(point_count)]
    pack_count = fields.number(4)
    require(pack_count <= 500000, "collection set: pack count")
    packs = [(fields.number(1), fields.bytes(16), fields.number(4)) for _ in range(pack_count)]
    fields.end()
    require(all(kind in (1, 2, 3) for kind, _, _ in packs), "collection set: pack kind")
    require(all(a < b for these in (points, packs) for a, b in zip(these, these[1:])), "collection set: order")
    return number, points, packs


def read_parity_head(data):
    """What a parity file protects, and the numbers that follow from it."""
    require(len(data) >= 512, "parity head: length")
    data = data[:512]
    header = read_file_header(data)
    require(header["kind"] == 10 and checksum(data[:496]) == data[496:], "parity head: kind or checksum")
    session, (stripe, percent, count, reserved) = data[144:160], struct.unpack("<IBBH", data[160:168])
    require(session != NO_SESSION and 1 <= percent <= 100 and 1 <= count <= 32 and reserved == 0, "parity head")
    require(not any(data[168 + 8 * count:496]), "parity head: padding")
    packs = [struct.unpack("<II", data[at:at + 8]) for at in range(168, 168 + 8 * count, 8)]
    require(all(0 < length <= PACK_MAX for _, length in packs), "parity head: length of a pack")
    require(all(a[0] < b[0] for a, b in zip(packs, packs[1:])), "parity head: order")
    blocks = sum((length + 511) // 512 for _, length in packs)
    rows = -(-blocks // min(200, 25600 // (100 + percent)))
    columns = -(-blocks // rows)
    parity = -(-columns * percent // 100)
    require(1 <= stripe <= rows and (stripe == 1 or stripe * (columns + parity) <= 98304), "parity head: stripe")
    whole, rest = divmod(rows, stripe)
    length = 1024 + sum(stripe_length(columns, parity, w) for w in [stripe] * whole + ([rest] if rest else []))
    return {"repository": header["repository"], "name": header["name"], "session": session, "percent": percent,
            "rows per stripe": stripe, "rows": rows, "data columns": columns, "parity columns": parity,
            "file length": length, "packs": packs}


def stripe_length(columns, parity, rows):
    return 512 * (2 * -(-(columns + parity) * rows // 127) + parity * rows)


def read_verified_note(plain):
    """Its numbers, the slices as (start, run, time), and the sessions as (id, run)."""
    fields = Fields(plain)
    note = {"run": fields.number(4), "structure run": fields.number(4), "structure time": fields.time(),
            "start": fields.number(8), "cursor": fields.number(8), "done": fields.number(4)}
    slice_count = fields.number(4)
    require(1 <= slice_count <= 4096, "verified note: slice count")
    slices = [(fields.number(8), fields.number(4), fields.time()) for _ in range(slice_count)]
    session_count = fields.number(4)
    require(session_count <= 500000, "verified note: session count")
    sessions = [(fields.bytes(16), fields.number(4)) for _ in range(session_count)]
    fields.end()
    require(note["run"] > 0 and note["done"] < 1000000000, "verified note: run or done")
    for run, time in [(note["structure run"], note["structure time"])] + [(run, time) for _, run, time in slices]:
        require(run <= note["run"] and (run > 0 or time == 0), "verified note: run and time")
    require(slices[0][0] == 0 and all(a[0] < b[0] and a[1:] != b[1:] for a, b in zip(slices, slices[1:])),
            "verified note: slices")
    require(all(0 < run <= note["run"] for _, run in sessions), "verified note: session run")
    require(all(a[0] < b[0] for a, b in zip(sessions, sessions[1:])), "verified note: order of sessions")
    return {**note, "slices": slices, "sessions": sessions}


def read_damage_note(plain):
    """When and by which host it was put, and the places: (kind, session, number, copy, offset, type, length, id, state)."""
    fields = Fields(plain)
    note = {"made": fields.time(), "host": fields.text()}
    count = fields.number(4)
    require(count <= 100000, "damage note: place count")
    places = []
    for _ in range(count):
        kind, copy, record_type, state = (fields.number(1) for _ in range(4))
        session, number, offset, length = fields.bytes(16), fields.number(4), fields.number(4), fields.number(4)
        identity = fields.bytes(32)
        require(kind <= 2 and copy <= 1 and record_type <= 4 and 1 <= state <= 2, "damage note: place")
        require(any(session) == (kind != 0), "damage note: session")
        require(kind != 0 or not (number or copy or offset) and record_type != 0, "damage note: place of no pack")
        require(copy == 0 or kind == 2, "damage note: copy")
        require(kind == 0 or record_type == 0 or (record_type <= 2) == (kind == 1), "damage note: record type")
        require(any(identity) == (record_type != 0), "damage note: id")
        require((length == 0) == (record_type == 0 or kind == 0), "damage note: length")
        places.append((kind, session, number, copy, offset, record_type, length, identity, state))
    fields.end()
    require(all(one < other for one, other in zip(places, places[1:])), "damage note: order")
    note["places"] = places
    return note


def read_record_file(data, kind):
    """Header and plain body of a file that is one record."""
    header = read_file_header(data)
    require(header["kind"] == kind, "file: kind")
    record = read_record(data[HEADER:])
    require(record["length"] == len(data) - HEADER, "file: bytes after its record")
    require(record["type"] == {1: 6, 4: 5, 6: 7, 7: 8, 8: 9, 9: 9, 11: 10, 12: 11, 13: 13, 14: 14}[kind], "file: record type")
    return header, decode_body(record)


def read_footer(data):
    """Header, pages per chunk, and the entries of a pack in table order, each with its page hashes."""
    header = read_file_header(data)
    require(header["kind"] in (2, 3) and HEADER + TRAILER < len(data) <= PACK_MAX, "pack: kind or length")
    trailer = data[-TRAILER:]
    require(trailer[:8] == b"HVBPTAIL" and checksum(trailer[:88]) == trailer[88:], "pack trailer")
    (pages_at, pages_length, recipes_at, recipes_length, table_at, count, per_chunk,
     reserved) = struct.unpack("<8I", trailer[8:40])
    require(0 < count <= 4 << 20 and reserved == 0, "pack trailer: counts")
    require((header["kind"] == 2) == (per_chunk != 0), "pack trailer: pages per chunk in this kind of pack")
    require(per_chunk == 0 or is_chunk_size(per_chunk * PAGE), "pack trailer: pages per chunk")
    require(HEADER < pages_at <= recipes_at == pages_at + pages_length, "pack trailer: places")
    require(recipes_at <= table_at == recipes_at + recipes_length, "pack trailer: places")
    require(table_at + count * ENTRY + TRAILER == len(data), "pack trailer: places")
    sections = [data[pages_at:recipes_at], data[recipes_at:table_at], data[table_at:-TRAILER]]
    sums = [checksum(section) for section in sections]
    require(b"".join(sums) == trailer[40:88], "pack: checksum of a section")
    fields, recipes, table, entries = Fields(sections[0]), Fields(sections[1]), sections[2], []
    for at in range(0, len(table), ENTRY):
        offset, length, kind, codec, stored, plain = struct.unpack("<IIBBHI", table[at + 32:at + 48])
        entry = {"id": table[at:at + 32], "offset": offset, "length": length, "type": kind, "codec": codec,
                 "stored pages": stored, "plain length": plain, "hook": table[at + 48:at + 56]}
        require(entry["id"] != ZERO and codec <= 2 and 0 < plain <= RECORD_MAX, "pack table: entry")
        require(RECORD < length <= RECORD + 8192 + plain, "pack table: length of a record")
        require(kind == 1 or entry["hook"] == bytes(8), "pack table: hook of a record without pages")
        if per_chunk and kind == 2:
            require(stored == 0 and codec == 0 and length == RECORD + plain, "pack table: delta")
            entry["recipe"] = recipes.bytes(plain)
            read_recipe(entry["recipe"], per_chunk)
        elif per_chunk:
            require(kind == 1 and 0 < stored <= per_chunk and plain == stored * PAGE, "pack table: chunk")
            named = bitmap_pages(fields.bytes((per_chunk + 7) // 8), per_chunk)
            require(len(named) == stored, "pack pages: stored page count")
            hashes = [ZERO] * per_chunk
            for page in named:
                hashes[page] = fields.bytes(32)
                require(hashes[page] != ZERO, "pack pages: a stored page has no hash")
            require(chunk_hash(b"".join(hashes)) == entry["id"], "pack pages: id of a chunk")
            require(hashes[named[0]][:8] == entry["hook"], "pack pages: hook of a record")
            entry["hashes"] = hashes
        else:
            require(kind in (3, 4) and stored == 0, "pack table: map record")
        entries.append(entry)
    fields.end()
    recipes.end()
    keys = [(entry["id"], entry["offset"]) for entry in entries]
    require(all(left < right for left, right in zip(keys, keys[1:])), "pack table: order")
    following = HEADER
    for entry in sorted(entries, key=lambda entry: entry["offset"]):
        require(entry["offset"] == following, "pack table: records overlap or leave a gap")
        following += entry["length"]
    require(following == pages_at, "pack table: records do not end at the footer")
    return header, per_chunk, entries


def record_of(data, entry):
    """The record an entry names, held against the entry."""
    record = read_record(data[entry["offset"]:entry["offset"] + entry["length"]])
    for field in ("id", "length", "type", "codec", "plain length"):
        require(record[field] == entry[field], "pack: a record is not its entry: " + field)
    return record


def check_record(record, entry, per_chunk):
    """Decodes a record of a pack and holds its content against its id; what a recipe makes needs other records."""
    if record["type"] == 2:
        require(record["body"] == entry["recipe"], "pack: a recipe is not that of its record")
        return
    if record["type"] == 1:
        _, hashes = decode_chunk(record, per_chunk * PAGE)
        require(hashes == entry["hashes"], "pack: page hashes")
        return
    plain = decode_body(record)
    if record["type"] == 3:
        require(read_node(plain)["id"] == record["id"], "map node: id")
        return
    require(list_hash(plain) == record["id"], "list: id")
    readers = {1: read_change_list, 2: read_range_list, 3: read_range_list, 4: read_configuration_file,
               16: read_list_head}
    require(plain[0] in readers, "list: kind")
    readers[plain[0]](plain)
