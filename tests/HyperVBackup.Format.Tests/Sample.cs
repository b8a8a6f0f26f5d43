using System.Buffers;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Format.Tests;

/// <summary>Makes valid values of every stored type; the same seed makes the same values in the same order.</summary>
internal sealed class Sample(int seed)
{
    private static readonly string[] Names = ["system", "data", "Größe", "磁盘", "disk 1", "a.b"];
    private readonly Random random = new(seed);

    public bool Flip() => random.Next(2) == 0;

    public int Below(int end) => random.Next(end);

    public long Count() => random.NextInt64(long.MaxValue) >> random.Next(63);

    public byte[] Bytes(int lengthBytes)
    {
        byte[] bytes = new byte[lengthBytes];
        random.NextBytes(bytes);
        return bytes;
    }

    public Digest Digest() => new(Bytes(Format.Digest.SizeBytes));

    public SessionId Session() => new(Bytes(SessionId.SizeBytes));

    public RepositoryId Repository() => new(Bytes(RepositoryId.SizeBytes));

    public DateTimeOffset Time() =>
        DateTimeOffset.FromUnixTimeMilliseconds(random.NextInt64(4_000_000_000_000));

    public PackName Pack(PackKind kind) => new(kind, Session(), (uint)random.NextInt64(uint.MaxValue));

    public RecordPlace Place(PackKind kind) => Place(Pack(kind));

    public RecordPlace Place(PackName pack) => random.Next(4) == 0
        ? default
        : new RecordPlace(pack, (uint)random.Next(FileHeader.SizeBytes, 1 << 29), (uint)random.Next(100, 1 << 20));

    public FileHeader Header()
    {
        FileKind kind = (FileKind)random.Next(1, 11);
        return new FileHeader(kind, Repository(), FileNames.Lease(Session()));
    }

    /// <summary>A chunk of which some pages are zero, some repeat themselves, some are noise; never all zero.</summary>
    public byte[] Chunk(int chunkSizeBytes)
    {
        byte[] chunk = new byte[chunkSizeBytes];
        int pageCount = chunkSizeBytes / FormatLimits.PageSizeBytes;
        int zeroShare = random.Next(3);
        int sure = random.Next(pageCount);
        for (int page = 0; page < pageCount; page++)
        {
            Span<byte> bytes = chunk.AsSpan(page * FormatLimits.PageSizeBytes, FormatLimits.PageSizeBytes);
            if (page == sure || random.Next(3) >= zeroShare)
            {
                FillPage(bytes);
            }
        }

        return chunk;
    }

    public Compression Compression() => random.Next(3) switch
    {
        0 => Codecs.Compression.None,
        1 => Codecs.Compression.Lz4,
        _ => Codecs.Compression.Zstd(random.Next(1, 6)),
    };

    public MapNode Node()
    {
        MapNode node = new(random.Next(1, FormatLimits.LevelMax + 1));
        PackName[] packs = [.. Enumerable.Range(0, 3).Select(_ => Pack(node.ChildPackKind))];
        int sure = random.Next(FormatLimits.FanOut);
        for (int index = 0; index < FormatLimits.FanOut; index++)
        {
            if (index == sure || Flip())
            {
                node.SetChild(index, Digest(), Place(packs[random.Next(packs.Length)]));
            }
        }

        return node;
    }

    public ChangedChunk[] Changes(int count)
    {
        ChangedChunk[] changes = new ChangedChunk[count];
        long index = random.Next(1000);
        for (int position = 0; position < count; position++)
        {
            changes[position] = new ChangedChunk(index, new ChunkId(random.Next(5) == 0 ? default : Digest()));
            index += Flip() ? 1 : random.Next(2, 100_000);
        }

        return changes;
    }

    public ListedRange[] Ranges(int count)
    {
        ListedRange[] ranges = new ListedRange[count];
        long start = 0;
        for (int position = 0; position < count; position++)
        {
            start += Flip() ? 0 : random.Next(1 << 20);
            ranges[position] = new ListedRange(start, random.Next(1, 1 << 24));
            start = ranges[position].EndBytes;
        }

        return ranges;
    }

    public ListSegment[] Segments(int count)
    {
        ListSegment[] segments = new ListSegment[count];
        long key = 0;
        for (int position = 0; position < count; position++)
        {
            int entryCount = random.Next(1, FormatLimits.ListSegmentEntryCountMax + 1);
            segments[position] = new ListSegment(new ListId(Digest()), key, entryCount, Place(PackKind.Maps));
            key += random.Next(1, 50_000);
        }

        return segments;
    }

    public ListReference Reference(ListKind kind)
    {
        bool isFile = kind == ListKind.ConfigurationFile;
        return !isFile && random.Next(4) == 0
            ? new ListReference(kind, default, 0, default)
            : new ListReference(
                kind, new ListId(Digest()), isFile ? 1 : random.Next(1, int.MaxValue), Place(PackKind.Maps));
    }

    public DiskPoint Disk(string name)
    {
        RestorePointKind kind = (RestorePointKind)random.Next(1, 5);
        int chunkSizeBytes = FormatLimits.ChunkSizeMinBytes << random.Next(9);
        long virtualSizeBytes = random.NextInt64(1, FormatLimits.VirtualSizeMaxBytes + 1);
        NodeId top = new(random.Next(4) == 0 ? default : Digest());
        return new DiskPoint
        {
            Name = name,
            Identity = Flip() ? "" : "{" + Session() + "}",
            Kind = kind,
            VirtualSizeBytes = virtualSizeBytes,
            ChunkSizeBytes = chunkSizeBytes,
            LogicalSectorSizeBytes = Flip() ? 512 : 4096,
            PhysicalSectorSizeBytes = Flip() ? 512 : 4096,
            Root = ContentHasher.Plain.RootOf(chunkSizeBytes, virtualSizeBytes, top),
            TopNode = top,
            TopPlace = top.IsZero ? default : Place(PackKind.Maps),
            Parent = kind == RestorePointKind.Full ? default : Session(),
            TrackingId = Flip() ? null : "rct:" + Count(),
            LostReason = kind == RestorePointKind.Recovered ? "the machine lost power — Änderungen unbekannt" : "",
            Lists = [.. ListKinds().Select(Reference)],
            Statistics = Statistics(),
            Audit = Audit(virtualSizeBytes),
        };
    }

    public RestorePoint Point()
    {
        VmName name = new("Büro-Server " + Count());
        return new RestorePoint
        {
            Id = Session(),
            Sequence = Count() + 1,
            Time = Time(),
            VmIdentity = Flip() ? name.Identity : new Guid(Bytes(16)).ToString("D"),
            VmName = name,
            Consistency = (Consistency)random.Next(4),
            Disks = [.. Names.Take(random.Next(4)).Select(Disk)],
            ConfigurationFiles =
                [.. Enumerable.Range(0, random.Next(3)).Select(_ => Reference(ListKind.ConfigurationFile))],
            Extension = Flip() ? default : Bytes(random.Next(30)),
        };
    }

    public RepositorySettings Settings() => new()
    {
        ChunkSizeBytes = FormatLimits.ChunkSizeMinBytes << random.Next(9),
        Compression = Compression(),
        OptionalFeatures = (ulong)Count(),
        Created = Time(),
    };

    public Lease Lease() => new()
    {
        Kind = (LeaseKind)random.Next(1, 7),
        HighestCollection = Count(),
        Started = Time(),
        ProcessId = (uint)random.Next(),
        Host = "hyperv-0" + random.Next(10),
        Point = Flip() ? default : Session(),
    };

    public PruneMark PruneMark() => new()
    {
        Time = Time(),
        Host = "hyperv-0" + random.Next(10),
        Why = Flip() ? "keep-daily 14" : "asked for: Größe",
    };

    public Pin Pin() => new()
    {
        ImmutableUntil = Flip() ? Time() : null,
        Made = Time(),
        Host = "hyperv-0" + random.Next(10),
    };

    public DamageNote DamageNote() => new()
    {
        Made = Time(),
        Host = "hyperv-0" + random.Next(10),
        Places = Notes.DamageNote.Sort(Enumerable.Range(0, Below(9)).Select(_ => DamagedPlace())),
    };

    public DamagedPlace DamagedPlace()
    {
        bool isMap = Flip();
        PackName pack = Pack(isMap ? PackKind.Maps : PackKind.Chunks);
        RecordType type = (RecordType)((isMap ? 3 : 1) + Below(2));
        RecordPlace place = new(pack, (uint)Below(1 << 20), 1 + (uint)Below(1 << 16));
        DamagedPlace damaged = Below(4) switch
        {
            0 => Notes.DamagedPlace.OfFile(pack, isMap && Flip(), place.OffsetBytes),
            1 => Notes.DamagedPlace.OfRecord(default, type, Digest()),
            _ => Notes.DamagedPlace.OfRecord(place, type, Digest(), isMap && Flip()),
        };
        return damaged with { State = Flip() ? DamageState.Damaged : DamageState.Replaced };
    }

    public CollectionSet Collection(long number) => new(
        number,
        Enumerable.Range(0, Below(5)).Select(_ => Session()),
        Enumerable.Range(0, 2 + Below(5)).Select(_ => Pack(Flip() ? PackKind.Chunks : PackKind.Maps)));

    public byte[] ChunkPack(PackName name, int chunkCount, int chunkSizeBytes)
    {
        PackWriter pack = new(name, Repository(), chunkSizeBytes / FormatLimits.PageSizeBytes);
        for (int chunk = 0; chunk < chunkCount; chunk++)
        {
            pack.AddChunk(Chunk(chunkSizeBytes), Compression());
        }

        return pack.Finish();
    }

    public byte[] MapPack(PackName name, int nodeCount)
    {
        PackWriter pack = new(name, Repository(), pagesPerChunk: 0);
        for (int node = 0; node < nodeCount; node++)
        {
            pack.AddNode(Node());
        }

        pack.AddList(ChangeListSegment.Write(Changes(20)), Compression());
        return pack.Finish();
    }

    private DiskStatistics Statistics() => new()
    {
        BytesRead = Count(),
        BytesAudited = Count(),
        BytesChanged = Count(),
        ChunksNew = Count(),
        BytesNew = Count(),
        BytesStored = Count(),
        ChunksInherited = Count(),
        ListsFolded = Count(),
        ChunksNonZero = Count(),
        AuditCursorBytes = Count(),
    };

    /// <summary>Takes nothing from the sequence of random numbers.</summary>
    private static DiskAudit Audit(long virtualSizeBytes) => new()
    {
        Trust = (SourceTrust)(virtualSizeBytes % 3),
        HorizonRunCount = virtualSizeBytes % 5 == 0 ? DiskAudit.Never : (uint)(virtualSizeBytes % 100),
        Dues =
        [
            .. Enumerable.Range(1, (int)(virtualSizeBytes % 4))
                .Select(due => new AuditDue(virtualSizeBytes / (due + 1), (uint)(due * 7))),
        ],
        OpenCatches = virtualSizeBytes % 3 == (long)SourceTrust.Distrusted ? Catches(virtualSizeBytes, 1, 1) : [],
        EndedCatches = virtualSizeBytes % 3 == (long)SourceTrust.Undoubted ? [] : Catches(virtualSizeBytes, 0, 100),
    };

    /// <param name="countMin">Up to two more.</param>
    /// <param name="first">From 1 to 200: of the first byte of the first one's point.</param>
    private static SourceCatch[] Catches(long number, int countMin, int first) =>
    [
        .. Enumerable.Range(first, countMin + (int)(number / 3 % 3)).Select(place => new SourceCatch(
            new SessionId([(byte)place, .. new byte[SessionId.SizeBytes - 1]]),
            (int)(number % FormatLimits.DiskCountMax))),
    ];

    private ListKind[] ListKinds()
    {
        ListKind[] kinds = [ListKind.Changes, ListKind.ReportedRanges, ListKind.AuditedRanges];
        return [.. kinds.Where(_ => Flip())];
    }

    private void FillPage(Span<byte> page)
    {
        random.NextBytes(page);
        if (Flip())
        {
            page[..64].CopyTo(page[64..]);
            for (int start = 64; start < page.Length; start *= 2)
            {
                page[..start].CopyTo(page[start..]);
            }
        }
    }
}
