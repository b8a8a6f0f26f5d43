using System.Numerics;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Disks.Vhdx;

/// <summary>
/// Writes a dynamic or fixed VHDX into an empty file. Its headers come last: until then no reader takes the file for an
/// image. Memory is bounded for disks of any size. Not thread-safe.
/// </summary>
public sealed class VhdxWriter : IDiskWriter
{
    private const string Creator = "HyperVBackup";
    private const int CreatorAt = 8;
    private const long LogAtBytes = VhdxLimits.MiB;
    private const long MetadataAtBytes = 2 * VhdxLimits.MiB;
    private const long BatAtBytes = 3 * VhdxLimits.MiB;

    private readonly SafeFileHandle file;
    private readonly VhdxWriterOptions options;
    private readonly BatLayout layout;
    private readonly BatWriter bat;
    private readonly long batLengthBytes;
    private long endBytes;
    private bool isComplete;

    /// <param name="file">An empty file opened for reading and writing; stays the caller's.</param>
    /// <exception cref="ArgumentException">An option is out of its limits, or the file is not empty.</exception>
    /// <exception cref="IOException">The file system is full or failed.</exception>
    public VhdxWriter(SafeFileHandle file, VhdxWriterOptions options)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(options);
        RequireSupported(options);
        Require(RandomAccess.GetLength(file) == 0, "The file is not empty.");
        (this.file, this.options) = (file, options);
        layout = new BatLayout(
            options.VirtualSizeBytes, options.BlockSizeBytes, options.LogicalSectorSizeBytes, hasParent: false);
        batLengthBytes = Math.Max(RoundUpToMiB(layout.EntryCount * BatEntry.SizeBytes), VhdxLimits.MiB);
        endBytes = DataAtBytes;
        bat = new BatWriter(file, BatAtBytes);
        RandomAccess.Write(file, VhdxDisk.Signature, 0);
        RandomAccess.SetLength(file, endBytes + (options.IsFixed ? layout.BlockCount * layout.BlockSizeBytes : 0));
    }

    private long DataAtBytes => BatAtBytes + batLengthBytes;

    /// <inheritdoc/>
    public void Write(long offsetBytes, ReadOnlySpan<byte> data)
    {
        RequireIncomplete();
        DiskBounds.Require(offsetBytes, data.Length, options.VirtualSizeBytes);
        while (!data.IsEmpty)
        {
            (long block, long within) = Math.DivRem(offsetBytes, layout.BlockSizeBytes);
            int count = (int)Math.Min(data.Length, layout.BlockSizeBytes - within);
            RandomAccess.Write(file, data[..count], PlaceOf(block) + within);
            data = data[count..];
            offsetBytes += count;
        }
    }

    /// <inheritdoc/>
    public void Complete()
    {
        RequireIncomplete();
        isComplete = true;
        if (options.IsFixed)
        {
            PlaceAll();
        }
        bat.WriteAll();
        RandomAccess.SetLength(file, endBytes);
        WriteIdentifier();
        WriteMetadata();
        WriteRegionTables();
        WriteHeaders();
    }

    public void Dispose()
    {
    }

    private static void RequireSupported(VhdxWriterOptions options)
    {
        Require(IsSectorSize(options.LogicalSectorSizeBytes), "The logical sector size is neither 512 nor 4096.");
        Require(IsSectorSize(options.PhysicalSectorSizeBytes), "The physical sector size is neither 512 nor 4096.");
        Require(
            options.VirtualSizeBytes is >= 0 and <= VhdxLimits.VirtualSizeBytesMax
                && options.VirtualSizeBytes % options.LogicalSectorSizeBytes == 0,
            "The virtual size is over 64 TiB or not a multiple of the logical sector size.");
        Require(
            BitOperations.IsPow2(options.BlockSizeBytes)
                && options.BlockSizeBytes is >= (int)VhdxLimits.BlockSizeBytesMin
                    and <= (int)VhdxLimits.BlockSizeBytesMax,
            "The block size is not a power of two from 1 MiB to 256 MiB.");
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new ArgumentException(problem);
        }
    }

    private static bool IsSectorSize(int sizeBytes) =>
        sizeBytes is VhdxLimits.LogicalSectorSizeBytesSmall or VhdxLimits.LogicalSectorSizeBytesLarge;

    private static long RoundUpToMiB(long value) => (value + VhdxLimits.MiB - 1) / VhdxLimits.MiB * VhdxLimits.MiB;

    private void RequireIncomplete()
    {
        if (isComplete)
        {
            throw new InvalidOperationException("The image was completed.");
        }
    }

    private long PlaceOf(long block)
    {
        if (options.IsFixed)
        {
            return DataAtBytes + (block * layout.BlockSizeBytes);
        }
        long index = layout.EntryOfBlock(block);
        BatEntry entry = bat[index];
        if (entry.IsPresent)
        {
            return entry.OffsetMiB * VhdxLimits.MiB;
        }
        long placeBytes = endBytes;
        bat[index] = new BatEntry(BlockState.FullyPresent, placeBytes);
        endBytes += layout.BlockSizeBytes;
        return placeBytes;
    }

    private void PlaceAll()
    {
        for (long block = 0; block < layout.BlockCount; block++)
        {
            bat[layout.EntryOfBlock(block)] = new BatEntry(BlockState.FullyPresent, endBytes);
            endBytes += layout.BlockSizeBytes;
        }
    }

    private void WriteIdentifier()
    {
        byte[] bytes = new byte[CreatorAt + Encoding.Unicode.GetByteCount(Creator)];
        VhdxDisk.Signature.CopyTo(bytes);
        Encoding.Unicode.GetBytes(Creator, bytes.AsSpan(CreatorAt));
        RandomAccess.Write(file, bytes, 0);
    }

    private void WriteMetadata() =>
        RandomAccess.Write(file, VhdxMetadata.Of(options, options.DiskId ?? FreshId()), MetadataAtBytes);

    private void WriteRegionTables()
    {
        byte[] table = new byte[RegionTable.SizeBytes];
        RegionTable.WriteTo(
            table,
            new RegionEntry(VhdxIds.BatRegion, (ulong)BatAtBytes, (uint)batLengthBytes, IsRequired: true),
            new RegionEntry(
                VhdxIds.MetadataRegion, (ulong)MetadataAtBytes, (uint)VhdxLimits.MiB, IsRequired: true));
        RandomAccess.Write(file, table, RegionTable.FirstAt);
        RandomAccess.Write(file, table, RegionTable.SecondAt);
    }

    private void WriteHeaders()
    {
        VhdxHeader header = new(
            SequenceNumber: 1,
            FileWriteId: FreshId(),
            DataWriteId: FreshId(),
            LogId: Guid.Empty,
            LogVersion: 0,
            Version: VhdxHeader.SupportedVersion,
            LogLengthBytes: (uint)VhdxLimits.MiB,
            LogOffsetBytes: (ulong)LogAtBytes);
        byte[] bytes = new byte[VhdxHeader.SizeBytes];
        header.WriteTo(bytes);
        RandomAccess.Write(file, bytes, VhdxHeader.FirstAt);
        (header with { SequenceNumber = 2 }).WriteTo(bytes);
        RandomAccess.Write(file, bytes, VhdxHeader.SecondAt);
    }

    /// <summary>A random GUID of version 4.</summary>
    private Guid FreshId()
    {
        Span<byte> bytes = stackalloc byte[16];
        options.FillRandom(bytes);
        bytes[7] = (byte)((bytes[7] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes);
    }
}
