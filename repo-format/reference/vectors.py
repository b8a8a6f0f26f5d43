"""Holds the vectors against their manifest: good ones must read as it says, bad ones must be refused."""
import json
import os

import structures as format_of
from structures import NO_SESSION, Refused, require

CHUNK_SIZE = 16384
POINT_ID = bytes(range(1, 17))


def place_text(place):
    return "unknown" if place is None else " ".join(map(str, place))


def session_or_none(session):
    return "none" if session == NO_SESSION else format_of.session_text(session)


def describe_header(header):
    return {"kind": header["kind"], "repository": header["repository"].hex(), "name": header["name"]}


def describe_chunk_record(data):
    record = format_of.read_record(data)
    require(record["length"] == len(data), "record: bytes after it")
    format_of.decode_chunk(record, CHUNK_SIZE)
    return {"id": record["id"].hex(), "codec": record["codec"], "plain length": record["plain length"],
            "page bitmap": record["extension"].hex()}


def describe_recipe(before, recipe):
    fields = {f"{before}source {number}": f"{data_id.hex()} {place_text(place)}"
              for number, (data_id, place) in enumerate(recipe["sources"])}
    fields.update({f"{before}page {number}": "zero" if taken is None else f"{taken[0]} {taken[1]}"
                   for number, taken in enumerate(recipe["pages"])})
    return fields


def describe_delta_record(data):
    record = format_of.read_record(data)
    require(record["length"] == len(data) and record["type"] == 2, "delta record: type or bytes after it")
    recipe = format_of.read_recipe(record["body"], CHUNK_SIZE // format_of.PAGE)
    return {"id": record["id"].hex(), **describe_recipe("", recipe)}


def put_together_here(data, per_chunk, entries, recipe, identity):
    """Holds what a recipe makes against its id, where the pack holds all its sources."""
    places = {entry["id"]: entry for entry in entries if entry["type"] == 1}
    found = [places.get(data_id) for data_id, _ in recipe["sources"]]
    if None not in found:
        chunks = [format_of.decode_chunk(format_of.record_of(data, entry), per_chunk * format_of.PAGE)[0]
                  for entry in found]
        format_of.put_together(recipe, chunks, identity)


def describe_plain_record(data):
    record = format_of.read_record(data)
    return {"type": record["type"], "codec": record["codec"], "id": record["id"].hex(),
            "plain": format_of.decode_body(record).hex()}


def describe_node(data):
    node = format_of.read_node(data)
    fields = {"level": node["level"], "id": node["id"].hex()}
    for child, identity in node["children"].items():
        fields[f"child {child}"] = f"{identity.hex()} {place_text(node['places'][child])}"
    return fields


def describe_list(name, read, write):
    def describe(data):
        entries = read(data)
        fields = {"id": format_of.list_hash(data).hex()}
        fields.update({f"{name} {number}": write(entry) for number, entry in enumerate(entries)})
        return fields
    return describe


def describe_configuration_file(data):
    name, content = format_of.read_configuration_file(data)
    return {"id": format_of.list_hash(data).hex(), "name": name, "content": content.hex()}


def reference_text(reference):
    kind, identity, count, place = reference
    return f"{kind} {identity.hex()} {count} {place_text(place)}"


def describe_point(plain, identity=POINT_ID):
    point = format_of.read_restore_point(plain)
    fields = {"id": format_of.session_text(identity)}
    for name in ("sequence", "time", "vm identity", "vm name", "consistency", "kind"):
        fields[name] = point[name]
    for number, disk in enumerate(point["disks"]):
        require(format_of.root_of(disk) == disk["root"], "restore point: root")
        for name, value in disk.items():
            if name == "lists":
                fields.update({f"disk {number} list {i}": reference_text(value[i]) for i in range(len(value))})
                continue
            if name == "top place":
                value = place_text(value)
            elif name == "parent":
                value = session_or_none(value)
            elif name == "tracking id":
                value = "none" if value is None else f"'{value}'"
            elif name == "statistics":
                value = " ".join(map(str, value))
            elif name == "dues":
                value = " ".join(f"{position}:{runs}" for position, runs in value)
            elif name in ("open catches", "ended catches"):
                value = " ".join(f"{format_of.session_text(session)}:{disk_index}" for session, disk_index in value)
            fields[f"disk {number} {name}"] = value.hex() if isinstance(value, bytes) else value
    for number, reference in enumerate(point["configuration files"]):
        fields[f"configuration file {number}"] = reference_text(reference)
    fields["extension"] = point["extension"].hex()
    return fields


def describe_lease(plain):
    lease = format_of.read_lease(plain)
    lease["point"] = session_or_none(lease["point"])
    return lease


def describe_collection_set(plain):
    number, points, packs = format_of.read_collection_set(plain)
    fields = {"number": number}
    fields.update({f"point {index}": format_of.session_text(point) for index, point in enumerate(points)})
    fields.update({f"pack {index}": format_of.pack_name(session, pack, ("", "packs", "maps", "parity")[kind])
                   for index, (kind, session, pack) in enumerate(packs)})
    return fields


def describe_parity_head(data):
    head = format_of.read_parity_head(data)
    fields = {name: value for name, value in head.items() if name != "packs"}
    fields.update({f"pack {index}": f"{number} {length}" for index, (number, length) in enumerate(head["packs"])})
    return {**fields, "repository": head["repository"].hex(), "session": format_of.session_text(head["session"])}


def describe_verified_note(plain):
    note = format_of.read_verified_note(plain)
    fields = {name: value for name, value in note.items() if name not in ("slices", "sessions")}
    fields.update({f"slice {index}": f"{start} {run} {time}"
                   for index, (start, run, time) in enumerate(note["slices"])})
    fields.update({f"session {index}": f"{format_of.session_text(session)} {run}"
                   for index, (session, run) in enumerate(note["sessions"])})
    return fields


def describe_damage_note(plain):
    note = format_of.read_damage_note(plain)
    for index, place in enumerate(note.pop("places")):
        kind, session, number, copy, offset, record_type, length, identity, state = place
        name = format_of.pack_name(session, number, "packs" if kind == 1 else "maps") if kind else "packs"
        note[f"place {index}"] = (f"{'mirror/' * copy}{name} {offset} {length} {record_type} {state} "
                                  f"{identity.hex()}")
    return note


def describe_file(kind, describe):
    def describe_bytes(data):
        header, plain = format_of.read_record_file(data, kind)
        fields = {"file kind": kind, "file name": header["name"], "repository": header["repository"].hex()}
        if kind == 4:
            fields.update(describe(plain, format_of.session_of(header["name"].split("/")[-1])))
        else:
            fields.update(describe(plain))
        return fields
    return describe_bytes


def describe_pack(data):
    header, per_chunk, entries = format_of.read_footer(data)
    fields = describe_header(header)
    fields["pages per chunk"] = per_chunk
    for number, entry in enumerate(entries):
        record = format_of.record_of(data, entry)
        try:
            format_of.check_record(record, entry, per_chunk)
        except NotImplementedError:
            pass  # Its checksum and its line in the footer were held against each other all the same.
        if entry["type"] == 2:
            recipe = format_of.read_recipe(record["body"], per_chunk)
            put_together_here(data, per_chunk, entries, recipe, entry["id"])
            fields.update(describe_recipe(f"entry {number} ", recipe))
        numbers = [entry[name] for name in ("offset", "length", "type", "codec", "stored pages", "plain length")]
        fields[f"entry {number}"] = " ".join([entry["id"].hex()] + [str(value) for value in numbers] + [entry["hook"].hex()])
    return fields


READERS = {
    "file-header": lambda data: describe_header(format_of.read_file_header(data)),
    "chunk-record": describe_chunk_record,
    "delta-record": describe_delta_record,
    "plain-record": describe_plain_record,
    "map-node": describe_node,
    "change-list": describe_list(
        "change", format_of.read_change_list, lambda change: f"{change[0]} {change[1].hex()}"),
    "range-list": describe_list("range", format_of.read_range_list, lambda entry: f"{entry[0]} {entry[1]}"),
    "list-head": describe_list(
        "segment", format_of.read_list_head,
        lambda entry: f"{entry[0].hex()} {entry[1]} {entry[2]} {place_text(entry[3])}"),
    "configuration-file": describe_configuration_file,
    "restore-point": describe_point,
    "repository-settings": format_of.read_settings,
    "lease": describe_lease,
    "pack": describe_pack,
    "restore-point-file": describe_file(4, describe_point),
    "repository-file": describe_file(1, format_of.read_settings),
    "lease-file": describe_file(6, describe_lease),
    "prune-mark": format_of.read_prune_mark,
    "collection-set": describe_collection_set,
    "sign-of-life": format_of.read_sign_of_life,
    "prune-mark-file": describe_file(7, format_of.read_prune_mark),
    "condemned-file": describe_file(8, describe_collection_set),
    "retired-file": describe_file(9, describe_collection_set),
    "sign-of-life-file": describe_file(11, format_of.read_sign_of_life),
    "pin": format_of.read_pin,
    "pin-file": describe_file(12, format_of.read_pin),
    "parity-head": describe_parity_head,
    "verified-note": describe_verified_note,
    "verified-note-file": describe_file(14, describe_verified_note),
    "damage-note": describe_damage_note,
    "damage-note-file": describe_file(13, describe_damage_note),
}


def check_vector(folder, line):
    """What is wrong with one vector, or None."""
    with open(os.path.join(folder, line["file"]), "rb") as file:
        data = file.read()
    expected = line.get("fields")
    try:
        found = {name: str(value) for name, value in READERS[line["structure"]](data).items()}
    except Refused as refusal:
        return None if expected is None else f"refused: {refusal}"
    if expected is None:
        return f"read, although: {line['complaint']}"
    differing = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
    return None if not differing else "differs in " + ", ".join(sorted(differing))


def check(folder):
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
        lines = json.load(file)
    damaged, left_out = [], 0
    for line in lines:
        try:
            fault = check_vector(folder, line)
        except NotImplementedError:
            left_out += 1
            continue
        if fault is not None:
            damaged.append(f"{line['file']}: {fault}")
    good = sum("fields" in line for line in lines)
    print(f"{good} good vectors, {len(lines) - good} bad ones, {left_out} left out for want of zstd")
    return damaged
