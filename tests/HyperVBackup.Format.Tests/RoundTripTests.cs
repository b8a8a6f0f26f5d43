using FsCheck.Xunit;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Format.Rotation;
using Xunit;

namespace HyperVBackup.Format.Tests;

/// <summary>What is written is read back the same, for values made from the numbers FsCheck picks.</summary>
public static class RoundTripTests
{
    [Property]
    public static void A_file_header_reads_back(int seed)
    {
        FileHeader header = new Sample(seed).Header();
        byte[] bytes = new byte[FileHeader.SizeBytes];
        header.WriteTo(bytes);
        Assert.Equal(header, FileHeader.Read(bytes));
    }

    [Property(MaxTest = 60)]
    public static void A_chunk_reads_back_from_its_record(int seed)
    {
        Sample sample = new(seed);
        byte[] chunk = sample.Chunk(FormatLimits.ChunkSizeMinBytes << sample.Below(4));
        Digest[] hashes = new Digest[chunk.Length / FormatLimits.PageSizeBytes];
        ChunkId id = ContentHasher.Plain.IdOfChunk(chunk, hashes);
        byte[] record = new byte[ChunkRecord.EncodedSizeMax(chunk.Length)];
        int lengthBytes = ChunkRecord.Encode(id, chunk, hashes, sample.Compression(), record);
        byte[] decoded = sample.Bytes(chunk.Length);
        ChunkRecord.Decode(record, decoded);
        Assert.Equal(chunk, decoded);
        Assert.Equal(lengthBytes, Records.Record.LengthOf(record));
        Assert.Equal(id.Value, Records.Record.Read(record).Id);
        Assert.Equal(PackEntry.Of(Records.Record.Read(record), 0), PackEntry.Of(record.AsSpan(0, 72)));
        Assert.Equal(id, ContentHasher.Plain.IdOfPages(hashes));
    }

    [Property]
    public static void A_map_node_reads_back_with_its_hints(int seed)
    {
        MapNode node = new Sample(seed).Node();
        byte[] bytes = new byte[MapNode.SizeMaxBytes];
        bytes = bytes[..node.WriteTo(bytes)];
        MapNode read = MapNode.Read(bytes);
        Assert.Equal(node.Level, read.Level);
        for (int index = 0; index < FormatLimits.FanOut; index++)
        {
            Assert.Equal(node.GetChild(index), read.GetChild(index));
            Assert.Equal(node.GetPlace(index), read.GetPlace(index));
        }

        Assert.Equal(node.IdOf(ContentHasher.Plain), ContentHasher.Plain.IdOfNode(MapNode.HashedPartOf(bytes)));
    }

    [Property(MaxTest = 60)]
    public static void Lists_read_back(int seed)
    {
        Sample sample = new(seed);
        ChangedChunk[] changes = sample.Changes(1 + sample.Below(300));
        Assert.Equal(changes, ChangeListSegment.Read(ChangeListSegment.Write(changes)));
        ListKind kind = sample.Flip() ? ListKind.ReportedRanges : ListKind.AuditedRanges;
        ListedRange[] ranges = sample.Ranges(1 + sample.Below(300));
        Assert.Equal(ranges, RangeListSegment.Read(kind, RangeListSegment.Write(kind, ranges)));
        ListSegment[] segments = sample.Segments(1 + sample.Below(30));
        Assert.Equal(segments, ListHead.Read(kind, ListHead.Write(kind, segments)));
        ConfigurationFile file = new("configuration/" + sample.Count(), sample.Bytes(sample.Below(1000)));
        ConfigurationFile read = ConfigurationFile.Read(file.Write());
        Assert.Equal(file.Name, read.Name);
        Assert.Equal(file.Content.ToArray(), read.Content.ToArray());
    }

    [Property]
    public static void A_restore_point_reads_back(int seed)
    {
        RestorePoint point = new Sample(seed).Point();
        byte[] bytes = point.Write();
        RestorePoint read = RestorePoint.Read(point.Id, bytes);
        Assert.Equal(bytes, read.Write());
        Assert.Equal(point.Disks.Count, read.Disks.Count);
        foreach ((DiskPoint left, DiskPoint right) in point.Disks.Zip(read.Disks))
        {
            Assert.Equal(left.Lists, right.Lists);
            Assert.Equal(left.Audit.Dues, right.Audit.Dues);
            Assert.Equal(left.Audit.OpenCatches, right.Audit.OpenCatches);
            Assert.Equal(left.Audit.EndedCatches, right.Audit.EndedCatches);
            Assert.Equal(WithoutLists(left.Audit), WithoutLists(right.Audit));
            Assert.Equal(
                left with { Lists = [], Audit = DiskAudit.Whole }, right with { Lists = [], Audit = DiskAudit.Whole });
            Assert.True(right.IsRootOf(ContentHasher.Plain));
        }

        Assert.Equal(point.ConfigurationFiles, read.ConfigurationFiles);
        Assert.Equal(point.Extension.ToArray(), read.Extension.ToArray());
        Assert.Equal(Plain(point), Plain(read));
    }

    private static DiskAudit WithoutLists(DiskAudit audit) =>
        audit with { Dues = [], OpenCatches = [], EndedCatches = [] };

    [Property]
    public static void Settings_and_leases_read_back(int seed)
    {
        Sample sample = new(seed);
        RepositorySettings settings = sample.Settings();
        Assert.Equal(settings, RepositorySettings.Read(settings.Write()));
        Lease lease = sample.Lease();
        Assert.Equal(lease, Lease.Read(lease.Write()));
    }

    [Property]
    public static void Damage_notes_read_back(int seed)
    {
        DamageNote note = new Sample(seed).DamageNote();
        DamageNote read = DamageNote.Read(note.Write());
        Assert.Equal((note.Made, note.Host), (read.Made, read.Host));
        Assert.Equal(note.Places, read.Places);
    }

    [Property]
    public static void Marks_collections_signs_of_life_and_pins_read_back(int seed)
    {
        Sample sample = new(seed);
        PruneMark mark = sample.PruneMark();
        Assert.Equal(mark, PruneMark.Read(mark.Write()));
        Pin pin = sample.Pin();
        Assert.Equal(pin, Pin.Read(pin.Write()));
        SignOfLife sign = new(1 + sample.Below(9), sample.Time());
        Assert.Equal(sign, SignOfLife.Read(sign.Write()));
        CollectionSet set = sample.Collection(1 + sample.Below(9));
        CollectionSet read = CollectionSet.Read(set.Write());
        Assert.Equal((set.Number, true), (read.Number, set.Points.SequenceEqual(read.Points)));
        Assert.Equal(set.Packs, read.Packs);
        Assert.All(set.Packs, pack => Assert.True(read.Contains(pack)));
        Assert.All(set.Points, point => Assert.True(read.Contains(point)));
        Assert.False(read.Contains(sample.Session()));
        Assert.False(read.Contains(sample.Pack(PackKind.Maps)));
    }

    [Property]
    public static void Notes_of_what_was_verified_read_back(int seed)
    {
        Sample sample = new(seed);
        uint run = 1 + (uint)sample.Below(1000);
        VerifiedNote note = new()
        {
            Run = run,
            StructureRun = run,
            StructureTime = sample.Time(),
            Start = ulong.MaxValue,
            Cursor = (ulong)sample.Below(1000),
            DoneShare = (uint)sample.Below((int)VerifiedNote.WholeShare),
            Slices = [VerifiedSlice.Never, new VerifiedSlice(1, run, sample.Time())],
            Sessions = [.. new[] { sample.Session(), sample.Session() }.Order().Select(id => new SeenSession(id, run))],
        };
        VerifiedNote read = VerifiedNote.Read(note.Write());
        Assert.Equal(note with { Slices = read.Slices, Sessions = read.Sessions }, read);
        Assert.Equal(note.Slices, read.Slices);
        Assert.Equal(note.Sessions, read.Sessions);
    }

    [Fact]
    public static void The_largest_note_of_what_was_verified_fits_a_record_and_its_file()
    {
        Sample sample = new(6);
        VerifiedNote note = new()
        {
            Run = 2,
            Slices = [.. Enumerable.Range(0, FormatLimits.VerifiedSliceCountMax).Select(index =>
                new VerifiedSlice((ulong)index, 1 + (uint)(index % 2), DateTimeOffset.UnixEpoch))],
            Sessions = [.. Enumerable.Range(0, FormatLimits.SeenSessionCountMax).Select(_ => sample.Session()).Order()
                .Select(id => new SeenSession(id, 1))],
        };
        FileHeader header = new(FileKind.VerifiedNote, sample.Repository(), FileNames.Verified(sample.Session()));
        byte[] file = RecordFile.Write(header, note.Write(), Compression.None);
        Assert.InRange(file.Length, 1, FormatLimits.VerifiedFileLengthMaxBytes);
        byte[] plain = RecordFile.Read(file, header.Kind, header.Repository, header.Name);
        Assert.Equal(note.Sessions, VerifiedNote.Read(plain).Sessions);
    }

    /// <summary>As repo-format/verified-note.md says, computed by b3sum.</summary>
    [Fact]
    public static void A_packs_position_is_the_beginning_of_the_hash_of_its_session_and_number()
    {
        SessionId session = new(Enumerable.Range(1, 16).Select(value => (byte)value).ToArray());
        Assert.Equal(0xAEB10585F3962492UL, VerifiedNote.PositionOf(new PackName(PackKind.Chunks, session, 0x01020304)));
    }

    /// <summary>A collection of the most it may name still fits its file and the record's limit.</summary>
    [Fact]
    public static void The_largest_collection_fits_a_record()
    {
        Sample sample = new(5);
        IEnumerable<SessionId> points = Enumerable.Range(0, FormatLimits.CollectionPointCountMax)
            .Select(_ => sample.Session());
        IEnumerable<PackName> packs = Enumerable.Range(0, FormatLimits.CollectionPackCountMax)
            .Select(number => new PackName(PackKind.Chunks, Vectors.Structures.PointId, (uint)number));
        CollectionSet set = new(1, points, packs);
        FileHeader header = new(FileKind.Condemned, sample.Repository(), FileNames.Condemned(1));
        byte[] file = RecordFile.Write(header, set.Write(), Compression.None);
        Assert.True(file.Length <= FormatLimits.CollectionFileLengthMaxBytes);
        Assert.Equal(set.Packs.Count, CollectionSet.Read(set.Write()).Packs.Count);
        PackName oneMore = new(PackKind.Maps, Vectors.Structures.PointId, 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => new CollectionSet(1, [], [.. set.Packs, oneMore]));
    }

    [Property(MaxTest = 15)]
    public static void A_pack_reads_back_record_by_record(int seed)
    {
        Sample sample = new(seed);
        PackName name = sample.Pack(PackKind.Chunks);
        int count = 1 + sample.Below(20);
        SamplePack pack = SamplePack.Read(sample.ChunkPack(name, count, FormatLimits.ChunkSizeMinBytes));
        Assert.Equal(count, pack.Table.Count);
        Assert.Equal(name.BlobName, pack.Header.Name);
        for (int index = 0; index < count; index++)
        {
            Assert.True(pack.Table.TryFind(pack.Table[index].Id, out PackEntry found));
            Assert.Equal(pack.Table[index], found);
        }

        Assert.False(pack.Table.TryFind(sample.Digest(), out _));
        Assert.Equal(4, SamplePack.Read(sample.MapPack(sample.Pack(PackKind.Maps), 3)).Table.Count);
    }

    private static RestorePoint Plain(RestorePoint point) =>
        point with { Disks = [], ConfigurationFiles = [], Extension = default };
}
