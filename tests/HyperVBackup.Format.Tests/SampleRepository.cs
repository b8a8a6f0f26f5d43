using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests;

/// <summary>A whole repository of one restore point with one disk, written file by file into a folder.</summary>
internal sealed class SampleRepository(string folder, Sample sample)
{
    private const int ChunkSizeBytes = 16 * 1024;
    private const int ChunkCount = 40;
    private const int PageSizeBytes = Limits.FormatLimits.PageSizeBytes;
    private const int PageCount = ChunkSizeBytes / PageSizeBytes;
    private readonly RepositoryId id = sample.Repository();

    public SessionId Session { get; } = sample.Session();

    public string ChunkPackPath => PathOf(ChunkPackName.BlobName);

    /// <summary>Where the deltas and their literal pages lie.</summary>
    public string DeltaPackPath => PathOf(DeltaPackName.BlobName);

    /// <summary>What the disk holds; its last chunk is cut short, some are zero, some share pages with the chunk before
    /// them, and it needs a map of height 2.</summary>
    public byte[] Disk { get; } = MakeDisk(sample);

    private PackName ChunkPackName => new(PackKind.Chunks, Session, 0);

    private PackName DeltaPackName => new(PackKind.Chunks, Session, 1);

    public void Write()
    {
        RepositorySettings settings = new() { ChunkSizeBytes = ChunkSizeBytes, Created = sample.Time() };
        WriteSettings(FileNames.Repository, settings);
        WriteSettings(FileNames.RepositoryMirror, settings);
        WriteFile(ChunkPackName.BlobName, MakeChunkPack());
        WriteFile(DeltaPackName.BlobName, MakeDeltaPack());
        PackName maps = new(PackKind.Maps, Session, 0);
        PackWriter mapPack = new(maps, id, pagesPerChunk: 0);
        NodeId top = WriteMap(mapPack);
        byte[] changes = ChangeListSegment.Write([new ChangedChunk(3, default)]);
        byte[] head = ListHead.Write(
            ListKind.Changes, [new ListSegment(ContentHasher.Plain.IdOfList(changes), 3, 1, default)]);
        mapPack.AddList(changes, Compression.Lz4);
        mapPack.AddList(head, Compression.Lz4);
        byte[] configuration = new ConfigurationFile("vm.vmcx", new byte[100]).Write();
        mapPack.AddList(configuration, Compression.Lz4);
        WriteFile(maps.BlobName, mapPack.Finish());
        WritePoint(top, ContentHasher.Plain.IdOfList(head), ContentHasher.Plain.IdOfList(configuration));
    }

    /// <summary>Writes one copy of the settings.</summary>
    public void WriteSettings(string name, RepositorySettings settings) =>
        WriteFile(name, RecordFile.Write(
            new FileHeader(FileKind.Repository, id, name), settings.Write(), Compression.None));

    public string PathOf(string name) => Path.Combine([folder, .. name.Split('/')]);

    private static byte[] MakeDisk(Sample sample)
    {
        byte[] disk = new byte[(ChunkCount * ChunkSizeBytes) - 5000];
        for (int chunk = 0; chunk < ChunkCount - 1; chunk += 3)
        {
            sample.Chunk(ChunkSizeBytes).CopyTo(disk, chunk * ChunkSizeBytes);
            if (IsDelta(chunk + 1))
            {
                Span<byte> delta = disk.AsSpan((chunk + 1) * ChunkSizeBytes, ChunkSizeBytes);
                disk.AsSpan(chunk * ChunkSizeBytes, ChunkSizeBytes).CopyTo(delta);
                sample.Bytes(PageSizeBytes).CopyTo(delta);
            }
        }

        disk[^1] = 1;
        return disk;
    }

    private static bool IsDelta(int index) => index % 6 == 1;

    private byte[] ChunkAt(int index)
    {
        byte[] chunk = new byte[ChunkSizeBytes];
        int start = index * ChunkSizeBytes;
        Disk.AsSpan(start, Math.Min(ChunkSizeBytes, Disk.Length - start)).CopyTo(chunk);
        return chunk;
    }

    private byte[] MakeChunkPack()
    {
        PackWriter pack = new(ChunkPackName, id, PageCount);
        foreach (byte[] chunk in Enumerable.Range(0, ChunkCount).Where(index => !IsDelta(index)).Select(ChunkAt))
        {
            if (chunk.AsSpan().ContainsAnyExcept((byte)0))
            {
                pack.AddChunk(chunk, Compression.Lz4);
            }
        }

        return pack.Finish();
    }

    /// <summary>For each chunk that shares pages with the one before: its first page, and the recipe of both. One chunk
    /// has a recipe first whose source is gone, and the hints are right, missing or wrong.</summary>
    private byte[] MakeDeltaPack()
    {
        SamplePack chunks = SamplePack.Read(File.ReadAllBytes(ChunkPackPath));
        PackWriter pack = new(DeltaPackName, id, PageCount);
        pack.AddDelta(new ChunkId(IdOf(ChunkAt(1))), new SampleDeltas(sample).Recipe(PageCount));
        foreach (int index in Enumerable.Range(0, ChunkCount).Where(IsDelta))
        {
            byte[] literals = new byte[ChunkSizeBytes];
            ChunkAt(index).AsSpan(0, PageSizeBytes).CopyTo(literals);
            RecordPlace literalsPlace = pack.AddChunk(literals, Compression.Lz4);
            byte[] source = ChunkAt(index - 1);
            Invariant.Check(chunks.Table.TryFind(IdOf(source), out PackEntry entry));
            RecordPlace place = new(ChunkPackName, entry.OffsetBytes, entry.LengthBytes);
            RecordPlace[] hints = [place, default, literalsPlace];
            pack.AddDelta(new ChunkId(IdOf(ChunkAt(index))), RecipeOf(source, literals, hints[index / 6 % 3]));
        }

        return pack.Finish();
    }

    private static Recipe RecipeOf(byte[] source, byte[] literals, RecordPlace hint)
    {
        RecipePage[] pages = [.. Enumerable.Range(0, PageCount).Select(page =>
            page == 0 ? new RecipePage(1, 0)
            : source.AsSpan(page * PageSizeBytes, PageSizeBytes).ContainsAnyExcept((byte)0)
                ? new RecipePage(0, (ushort)page)
                : RecipePage.Zero)];
        RecipeSource own = new(IdOf(literals), default);
        return pages.Any(page => page.Source == 0)
            ? Recipe.Make([new RecipeSource(IdOf(source), hint), own], pages)
            : Recipe.Make([own], [.. pages.Select(page => page.IsZero ? page : page with { Source = 0 })]);
    }

    /// <summary>Half of the chunks have a hint; the others are to be found by the pack's footer.</summary>
    private NodeId WriteMap(PackWriter pack)
    {
        (PackName Name, SamplePack Pack)[] packs =
        [
            (ChunkPackName, SamplePack.Read(File.ReadAllBytes(ChunkPackPath))),
            (DeltaPackName, SamplePack.Read(File.ReadAllBytes(DeltaPackPath))),
        ];
        MapNode top = new(2);
        for (int first = 0; first < ChunkCount; first += 16)
        {
            MapNode node = new(1);
            for (int index = first; index < Math.Min(first + 16, ChunkCount); index++)
            {
                Digest chunk = IdOf(ChunkAt(index));
                node.SetChild(index - first, chunk, index / 2 % 2 == 0 ? PlaceOf(packs, chunk) : default);
            }

            pack.AddNode(node);
            top.SetChild(first / 16, node.IdOf(ContentHasher.Plain).Value, default);
        }

        pack.AddNode(top);
        return top.IdOf(ContentHasher.Plain);
    }

    private static RecordPlace PlaceOf((PackName Name, SamplePack Pack)[] packs, Digest chunk)
    {
        foreach ((PackName name, SamplePack pack) in packs)
        {
            if (pack.Table.TryFind(chunk, out PackEntry entry))
            {
                return new RecordPlace(name, entry.OffsetBytes, entry.LengthBytes);
            }
        }

        return default;
    }

    private void WritePoint(NodeId top, ListId changes, ListId configuration)
    {
        RestorePoint point = new()
        {
            Id = Session,
            Sequence = 1,
            Time = sample.Time(),
            VmIdentity = "name:vm",
            VmName = new VmName("vm"),
            ConfigurationFiles = [new ListReference(ListKind.ConfigurationFile, configuration, 1, default)],
            Disks =
            [
                new DiskPoint
                {
                    Name = "system",
                    Kind = RestorePointKind.Full,
                    VirtualSizeBytes = Disk.Length,
                    ChunkSizeBytes = ChunkSizeBytes,
                    TopNode = top,
                    Root = ContentHasher.Plain.RootOf(ChunkSizeBytes, Disk.Length, top),
                    Lists = [new ListReference(ListKind.Changes, changes, 1, default)],
                },
            ],
        };
        string name = FileNames.RestorePoint(Session);
        FileHeader header = new(FileKind.RestorePoint, id, name);
        WriteFile(name, RecordFile.Write(header, point.Write(), Compression.Lz4));
    }

    private static Digest IdOf(byte[] chunk) => SampleDeltas.IdOf(chunk);

    private void WriteFile(string name, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        File.WriteAllBytes(PathOf(name), bytes);
    }
}
