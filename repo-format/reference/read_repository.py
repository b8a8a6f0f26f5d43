#!/usr/bin/env python3
"""Reads a HyperVBackup repository by its pages in repo-format/ alone: no code of the program, no packages.

  read_repository.py list REPOSITORY                       its restore points
  read_repository.py check REPOSITORY                      every file, record, footer and id
  read_repository.py restore REPOSITORY POINT DISK OUTPUT  one disk, as a raw image
  read_repository.py vectors FOLDER                        the vectors, against their manifest

Bodies in zstd need Python 3.14 or the program zstd; without either they are named and left out of `check`.
Exit code: 0 good, 1 damaged.
"""
import datetime
import os
import sys

import parity
import structures as format_of
from structures import HEADER, ZERO, Refused, require


class Repository:
    def __init__(self, folder):
        self.folder = folder
        try:
            self.identity, plain = self.read_settings_copy("repository")
        except (Refused, OSError) as refusal:
            try:
                self.identity, plain = self.read_settings_copy("mirror/repository")
            except (Refused, OSError):
                raise refusal from None
            print(f"repository: {refusal}; its second copy is used", file=sys.stderr)
        self.settings = format_of.read_settings(plain)
        self.footers = None

    def read_settings_copy(self, name):
        """The repository's id and the plain settings of one copy."""
        header, plain = format_of.read_record_file(self.read(name), 1)
        require(header["name"] == name, "file header: the file is not where its name says: " + header["name"])
        return header["repository"], plain

    def read(self, name):
        with open(os.path.join(self.folder, *name.split("/")), "rb") as file:
            return file.read()

    def read_range(self, name, offset, length):
        with open(os.path.join(self.folder, *name.split("/")), "rb") as file:
            file.seek(offset)
            return file.read(length)

    def names(self, folder):
        """Every file below a folder, in order; none where the folder does not exist. Names that begin with a dot
        are files still being written."""
        found = []
        for path, _, files in os.walk(os.path.join(self.folder, *folder.split("/"))):
            found += [os.path.relpath(os.path.join(path, file), self.folder).replace(os.sep, "/")
                      for file in files if not file.startswith(".")]
        return sorted(name for name in found if "/." not in name)

    def expect(self, name, header, *kinds):
        require(header["kind"] in kinds, "file header: kind")
        require(header["repository"] == self.identity, "file header: another repository's")
        require(header["name"] == name, "file header: the file is not where its name says: " + header["name"])

    def points(self):
        """(id, point) of every restore point, by name; fences are left out."""
        for name in self.names("points"):
            data = self.read(name)
            header = format_of.read_file_header(data)
            self.expect(name, header, 4, 5)
            if header["kind"] == 5:
                require(len(data) == HEADER, "fence: bytes after the header")
                continue
            format_of.session_of(name.split("/")[-1])
            yield name.split("/")[-1], format_of.read_restore_point(format_of.read_record_file(data, 4)[1])

    def places(self, identity):
        """Every place where a footer names a record of an id."""
        if self.footers is None:
            self.footers = {}
            for folder in ("packs", "maps", "mirror/maps"):
                for name in self.names(folder):
                    _, _, entries = format_of.read_footer(self.read(name))
                    for entry in entries:
                        place = (name, entry["offset"], entry["length"])
                        self.footers.setdefault(entry["id"], []).append(place)
        return self.footers.get(identity, [])

    def first(self, what, identity, hint, read):
        """What the first record of an id gives that `read` does not refuse; the hint is tried before the footers."""
        def places():
            if hint is not None:
                yield hint
            yield from self.places(identity)

        last = ""
        for place in places():
            try:
                record = format_of.read_record(self.read_range(*place))
                if record["id"] == identity:
                    return read(record)
            except (OSError, Refused) as refusal:
                last = f": {refusal}"
        raise Refused(f"no pack holds {what} {identity.hex()}{last}")

    def record(self, identity, hint):
        return self.first("the record", identity, hint, lambda record: record)

    def data(self, data_id, hint, chunk_size):
        """What the whole record of a data id expands to; a recipe for that id is none."""
        return self.first(
            "the data", data_id, hint, lambda record: format_of.decode_chunk(record, chunk_size)[0])

    def chunk(self, identity, hint, chunk_size):
        """A chunk, from any record of it that is whole or all of whose sources are there."""
        def read(record):
            if record["type"] == 1:
                return format_of.decode_chunk(record, chunk_size)[0]
            require(record["type"] == 2, "a record of a chunk: type")
            recipe = format_of.read_recipe(record["body"], chunk_size // format_of.PAGE)
            sources = [self.data(data_id, place, chunk_size) for data_id, place in recipe["sources"]]
            return format_of.put_together(recipe, sources, identity)
        return self.first("the chunk", identity, hint, read)

    def chunks(self, disk):
        """(index, chunk) of every chunk that is not zero, in order."""
        require(format_of.root_of(disk) == disk["root"], "restore point: root")
        count = -(-disk["virtual size"] // disk["chunk size"])
        height = 1
        while 16 ** height < count:
            height += 1
        if disk["top node"] != ZERO:
            yield from self.chunks_under(disk, height, 0, disk["top node"], disk["top place"], count)

    def chunks_under(self, disk, level, first, identity, place, count):
        node = format_of.read_node(format_of.decode_body(self.record(identity, place)))
        require(node["id"] == identity and node["level"] == level, "map node: id or level")
        for child, child_id in node["children"].items():
            index = first + child * 16 ** (level - 1)
            require(index < count, "map node: a child past the end of the disk")
            if level > 1:
                yield from self.chunks_under(disk, level - 1, index, child_id, node["places"][child], count)
                continue
            yield index, self.chunk(child_id, node["places"][child], disk["chunk size"])


def list_points(repository):
    for name, point in repository.points():
        time = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=point["time"])
        disks = ", ".join(f"{disk['name']} ({disk['virtual size']} bytes)" for disk in point["disks"])
        kind = ("", "full", "incremental", "synthetic", "recovered")[point["kind"]]
        print(f"{name}  {point['vm name']}  {point['sequence']}  {time.isoformat()}Z  {kind}  {disks}")


def check(repository):
    """Everything that is stored, each file by itself; then every point's maps and lists."""
    damaged, counts = [], {"files": 0, "records": 0, "left out": 0, "points": 0}

    def check_file(name):
        data = repository.read(name)
        counts["files"] += 1
        root = name.removeprefix("mirror/").split("/")[0]
        header = format_of.read_file_header(data)
        kinds = {"repository": (1,), "packs": (2,), "maps": (3,), "points": (4, 5), "leases": (6,), "signs": (11,), "pruned": (7,),
                 "condemned": (8,), "retired": (9,), "pins": (12,), "damaged": (13,), "verified": (14,),
                 "parity": (10,)}
        repository.expect(name, header, *kinds[root])
        if header["kind"] in (2, 3):
            _, per_chunk, entries = format_of.read_footer(data)
            for entry in entries:
                counts["records"] += 1
                try:
                    format_of.check_record(format_of.record_of(data, entry), entry, per_chunk)
                except NotImplementedError:
                    counts["left out"] += 1
        elif header["kind"] == 1:
            settings = format_of.read_settings(format_of.read_record_file(data, 1)[1])
            require(settings == repository.settings, "repository settings: the copies differ")
        elif header["kind"] == 4:
            format_of.read_restore_point(format_of.read_record_file(data, 4)[1])
        elif header["kind"] == 6:
            format_of.read_lease(format_of.read_record_file(data, 6)[1])
        elif header["kind"] == 7:
            format_of.read_prune_mark(format_of.read_record_file(data, 7)[1])
        elif header["kind"] in (8, 9):
            number = format_of.read_collection_set(format_of.read_record_file(data, header["kind"])[1])[0]
            require(name.removeprefix("mirror/") == f"{root}/{number}", "collection set: number")
        elif header["kind"] == 11:
            sign = format_of.read_sign_of_life(format_of.read_record_file(data, 11)[1])
            require(name.endswith(f"-{sign['counter']}"), "sign of life: counter")
        elif header["kind"] == 12:
            format_of.read_pin(format_of.read_record_file(data, 12)[1])
        elif header["kind"] == 10:
            parity.check_parity_file(data, repository.read)
        elif header["kind"] == 14:
            format_of.read_verified_note(format_of.read_record_file(data, 14)[1])
        elif header["kind"] == 13:
            format_of.read_damage_note(format_of.read_record_file(data, 13)[1])
        else:
            require(len(data) == HEADER, "fence: bytes after the header")

    attempt(damaged, "repository", lambda: check_file("repository"))
    for folder in ("packs", "maps", "points", "leases", "signs", "pruned", "pins", "condemned", "retired", "damaged",
                   "verified", "parity", "mirror"):
        for name in repository.names(folder):
            attempt(damaged, name, lambda: check_file(name))
    if not damaged:
        for name, point in repository.points():
            counts["points"] += 1
            for disk in point["disks"]:
                attempt(damaged, f"points/{name}, disk {disk['name']}", lambda: check_disk(repository, disk))
            for reference in point["configuration files"]:
                attempt(damaged, f"points/{name}, configuration", lambda: check_list(repository, reference))
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    return damaged


def attempt(damaged, what, action):
    try:
        action()
    except (Refused, OSError) as refusal:
        damaged.append(f"{what}: {refusal}")
    except NotImplementedError as missing:
        print(f"{what}: not read, {missing}", file=sys.stderr)


def check_disk(repository, disk):
    for _ in repository.chunks(disk):
        pass
    for reference in disk["lists"]:
        check_list(repository, reference)


def check_list(repository, reference):
    kind, identity, count, place = reference
    if count == 0:
        return
    plain = format_of.decode_body(repository.record(identity, place))
    require(format_of.list_hash(plain) == identity, "list: id")
    if kind == 4:
        format_of.read_configuration_file(plain)
        return
    require(plain[1] == kind, "list head: kind of the segments")
    total = 0
    for segment, key, entries, segment_place in format_of.read_list_head(plain):
        body = format_of.decode_body(repository.record(segment, segment_place))
        require(format_of.list_hash(body) == segment and body[0] == kind, "list segment: id or kind")
        found = format_of.read_change_list(body) if kind == 1 else format_of.read_range_list(body)
        require(len(found) == entries and found[0][0] == key, "list segment: not what the head says")
        total += entries
    require(total == count, "list: entry count")


def restore(repository, point_name, disk_name, output):
    point = dict(repository.points()).get(point_name)
    require(point is not None, "there is no restore point " + point_name)
    disk = next((disk for disk in point["disks"] if disk["name"] == disk_name), None)
    require(disk is not None, "the restore point has no disk " + disk_name)
    with open(output, "xb") as file:
        for index, chunk in repository.chunks(disk):
            start = index * disk["chunk size"]
            require(not any(chunk[disk["virtual size"] - start:]), "bytes past the end of the disk")
            file.seek(start)
            file.write(chunk)
        file.truncate(disk["virtual size"])


def main(arguments):
    commands = {"list": 1, "check": 1, "restore": 4, "vectors": 1}
    if not arguments or commands.get(arguments[0]) != len(arguments) - 1:
        print(__doc__, file=sys.stderr)
        return 2
    command, folder = arguments[:2]
    damaged = []
    try:
        if command == "vectors":
            import vectors
            damaged = vectors.check(folder)
        elif command == "list":
            list_points(Repository(folder))
        elif command == "check":
            damaged = check(Repository(folder))
        else:
            restore(Repository(folder), *arguments[2:])
    except (Refused, NotImplementedError, OSError) as refusal:
        damaged = [str(refusal)]
    for line in damaged:
        print(line, file=sys.stderr)
    return 1 if damaged else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
