using System.Text;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Points;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Vectors of restore points, settings and leases, as plain bodies.</summary>
internal static class PointVectors
{
    private const int CatchSizeBytes = 18;

    public static void Add(VectorSet.Good good, VectorSet.Bad bad)
    {
        Sample sample = new(6);
        AddPoints(good, bad, sample);
        AddSettings(good, bad, sample);
        AddLeases(good, bad, sample);
    }

    private static void AddPoints(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        const string Of = Structures.RestorePoint;
        for (int number = 0; number < 4; number++)
        {
            good.Add(Of, $"sample-{number}", sample.Point().Write());
        }

        RestorePoint point = new()
        {
            Id = Structures.PointId,
            Sequence = 1,
            Time = DateTimeOffset.UnixEpoch,
            VmIdentity = "name:vm",
            VmName = new VmName("vm"),
            Disks = [],
        };
        good.Add(Of, "without-disks", point.Write());
        DiskPoint disk = sample.Disk("disk") with
        {
            Identity = "",
            Kind = RestorePointKind.Full,
            Parent = default,
            TrackingId = "T",
            LostReason = "",
            Lists = [],
            VirtualSizeBytes = 1 << 30,
            Audit = new DiskAudit
            {
                Trust = SourceTrust.Distrusted,
                HorizonRunCount = 99,
                Dues = [new AuditDue(1 << 20, 5), new AuditDue(0, 100)],
                OpenCatches = [CatchOf(1, 0), CatchOf(2, 3)],
                EndedCatches = [CatchOf(3, 0)],
            },
        };
        disk = disk with
        {
            Root = ContentHasher.Plain.RootOf(disk.ChunkSizeBytes, disk.VirtualSizeBytes, disk.TopNode),
        };
        byte[] bytes = good.Add(Of, "one-disk", (point with { Disks = [disk] }).Write());
        AddBadPoints(bad, bytes, new PointOffsets());
        byte[] twice = (point with { Disks = [disk, disk with { Name = "disl" }] }).Write();
        int second = twice.AsSpan().LastIndexOf("disl"u8);
        bad.Add(Of, "one-name-twice", "restore point: two disks of one name", twice, second + 3, (byte)'k');
    }

    private static void AddBadPoints(VectorSet.Bad bad, byte[] point, PointOffsets at)
    {
        const string Of = Structures.RestorePoint;
        bad.Add(Of, "sequence-0", "restore point: sequence", point, 0, 0);
        bad.Add(Of, "sequence-negative", "restore point: sequence", point, 7, 0x80);
        bad.Add(Of, "time", "restore point: time", point, 15, 0x7F);
        bad.Add(Of, "identity", "restore point: vm identity", point, at.Identity, (byte)'N');
        bad.Add(Of, "vm-name", "restore point: vm name", point, at.VmName, (byte)'@');
        bad.Add(Of, "vm-name-control", "restore point: vm name", point, at.VmName, 0x7F);
        bad.Add(Of, "consistency", "restore point: consistency", point, at.Consistency, 4);
        bad.Add(Of, "kind-of-other-disks", "restore point: kind is not", point, at.Kind, 2);
        bad.Add(Of, "disk-count", "restore point: disk count", point, at.DiskCount + 1, 3);
        bad.Add(Of, "disk-name", "restore point: disk name", point, at.DiskName, (byte)'/');
        bad.Add(Of, "disk-kind", "restore point: disk kind", point, at.DiskKind, 5);
        bad.Add(Of, "virtual-size", "restore point: virtual size", point, at.VirtualSize + 6, 0xFF);
        bad.Add(Of, "chunk-size", "restore point: chunk size", point, at.ChunkSize, 1);
        bad.Add(Of, "sector-size", "restore point: logical sector size", point, at.LogicalSector, 1);
        bad.Add(Of, "physical-sector-size", "restore point: physical sector size", point, at.LogicalSector + 4, 1);
        bad.Add(Of, "full-with-parent", "restore point: a full disk has no parent", point, at.Parent, 1);
        bad.Add(Of, "has-tracking-id", "restore point: has tracking id", point, at.HasTracking, 2);
        bad.Add(Of, "list-count", "restore point: list count", point, at.ListCount, 4);
        bad.Add(Of, "statistics", "restore point: audit cursor", point, at.LastStatistic + 7, 0x80);
        bad.Add(Of, "trust", "restore point: trust", point, at.Trust, 3);
        bad.Add(Of, "due-count", "restore point: due count", point, at.DueCount, 101);
        bad.Add(Of, "due-past-the-end", "restore point: audit dues", point, at.Dues + 4, 1);
        bad.Add(Of, "due-now", "restore point: audit dues", point, at.Dues + 8, 0);
        bad.Add(Of, "dues-descending", "restore point: audit dues", point, at.Dues + 8, 101);
        bad.Add(Of, "trusted-though-caught", "restore point: trust", point, at.Trust, 2);
        bad.Add(Of, "open-catch-count", "restore point: open catch count", point, at.OpenCatches - 1, 2);
        bad.Add(Of, "catch-of-no-point", "restore point: catches", point, at.OpenCatches, 0);
        bad.Add(Of, "catches-descending", "restore point: catches", point, at.OpenCatches, 4);
        bad.Add(Of, "catch-of-disk-512", "restore point: catches", point, at.OpenCatches + 17, 2);
        bad.Add(Of, "ended-catch-count", "restore point: ended catch count", point, at.EndedCatches - 1, 2);
        byte[] both = [.. point];
        point.AsSpan(at.OpenCatches, CatchSizeBytes).CopyTo(both.AsSpan(at.EndedCatches));
        bad.Add(Of, "catch-open-and-ended", "restore point: catches", both);
        bad.Add(Of, "file-count", "restore point: configuration file count", point, at.FileCount + 1, 2);
        bad.Add(Of, "extension-length", "restore point: extension length", point, at.FileCount + 5, 1);
        bad.Add(Of, "shorter", "restore point: extension length: the body ends", point[..^1]);
        bad.Add(Of, "longer", "restore point: bytes after the last field", [.. point, 0]);
        byte[] zeroRoot = [.. point];
        zeroRoot.AsSpan(at.Root, Digest.SizeBytes).Clear();
        bad.Add(Of, "zero-root", "restore point: root", zeroRoot);
        byte[] zeroTop = [.. point];
        zeroTop.AsSpan(at.Root + Digest.SizeBytes, Digest.SizeBytes).Clear();
        bad.Add(Of, "zero-top-somewhere", "restore point: a zero top node lies nowhere", zeroTop);
    }

    private static SourceCatch CatchOf(byte session, int diskIndex) =>
        new(new SessionId([session, .. new byte[SessionId.SizeBytes - 1]]), diskIndex);

    private static void AddSettings(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        const string Of = Structures.Settings;
        RepositorySettings settings = new() { Created = sample.Time() };
        good.Add(Of, "none", (settings with { Compression = Compression.None, ChunkSizeBytes = 16384 }).Write());
        RepositorySettings zstd = settings with { Compression = Compression.Zstd(19), OptionalFeatures = 1UL << 63 };
        good.Add(Of, "zstd", zstd.Write());
        byte[] lz4 = good.Add(Of, "defaults", settings.Write());
        good.Add(Of, "parity", (settings with { ParityPercent = 100 }).Write());
        bad.Add(Of, "chunk-size", "repository settings: chunk size", lz4, RepositorySettings.ChunkSizeAt, 1);
        bad.Add(Of, "fan-out", "repository settings: fan-out", lz4, RepositorySettings.FanOutAt, 64);
        bad.Add(Of, "codec", "repository settings: codec and level", lz4, RepositorySettings.CodecAt, 3);
        bad.Add(Of, "zstd-level-0", "repository settings: codec and level", lz4, RepositorySettings.CodecAt, 2);
        bad.Add(Of, "lz4-level", "repository settings: codec and level", lz4, RepositorySettings.LevelAt, 1);
        bad.Add(Of, "level-huge", "repository settings: codec and level", lz4, RepositorySettings.LevelAt + 3, 0xFF);
        bad.Add(Of, "parity", "repository settings: parity percent", lz4, RepositorySettings.ParityPercentAt, 101);
        int requiredAt = RepositorySettings.RequiredFeaturesAt;
        bad.Add(Of, "required-feature", "repository settings: required features 1", lz4, requiredAt, 1);
        bad.Add(Of, "created", "repository settings: created", lz4, RepositorySettings.CreatedAt + 7, 0x7F);
        bad.Add(Of, "key-slots", "repository settings: keys", lz4, RepositorySettings.KeySlotCountAt, 1);
        bad.Add(Of, "shorter", "repository settings: key slot count: the body ends", lz4[..^1]);
        bad.Add(Of, "longer", "repository settings: bytes after the last field", [.. lz4, 0]);
    }

    private static void AddLeases(VectorSet.Good good, VectorSet.Bad bad, Sample sample)
    {
        const string Of = Structures.Lease;
        byte[] lease = good.Add(Of, "sample", sample.Lease().Write());
        good.Add(Of, "sample-2", sample.Lease().Write());
        bad.Add(Of, "kind-0", "lease: kind", lease, 0, 0);
        bad.Add(Of, "kind-8", "lease: kind", lease, 0, 8);
        good.Add(Of, "protect", (sample.Lease() with { Kind = LeaseKind.Protect }).Write());
        bad.Add(Of, "highest-collection", "lease: highest collection", lease, 8, 0x80);
        bad.Add(Of, "started", "lease: started", lease, 16, 0x7F);
        bad.Add(Of, "host-not-utf-8", "lease: host: not UTF-8", lease, 23, 0xC0);
        bad.Add(Of, "shorter", "lease: point: the body ends", lease[..^1]);
        bad.Add(Of, "longer", "lease: bytes after the last field", [.. lease, 0]);
    }

    /// <summary>Where the fields of the one-disk point lie: identity "name:vm", disk "disk" without an identity of
    /// its own, tracking id "T".</summary>
    private readonly record struct PointOffsets
    {
        public PointOffsets()
        {
        }

        public int Identity { get; } = 18;

        public int VmName => Identity + Encoding.UTF8.GetByteCount("name:vm") + 2;

        public int Consistency => VmName + 2;

        public int Kind => Consistency + 1;

        public int DiskCount => Kind + 1;

        public int DiskName => DiskCount + 4;

        public int DiskKind => DiskName + 4 + 2;

        public int VirtualSize => DiskKind + 1;

        public int ChunkSize => VirtualSize + 8;

        public int LogicalSector => ChunkSize + 4;

        public int Root => LogicalSector + 8;

        public int Parent => Root + 32 + 32 + 28;

        public int HasTracking => Parent + 16;

        public int ListCount => HasTracking + 1 + 3 + 2;

        public int LastStatistic => ListCount + 1 + (9 * 8);

        public int Trust => LastStatistic + 8;

        public int DueCount => Trust + 1 + 4;

        public int Dues => DueCount + 2;

        public int OpenCatches => Dues + (2 * 12) + 2;

        public int EndedCatches => OpenCatches + (2 * CatchSizeBytes) + 2;

        public int FileCount => EndedCatches + CatchSizeBytes;
    }
}
