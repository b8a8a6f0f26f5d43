namespace HyperVBackup.Disks.Vhdx;

/// <summary>One VHDX file, its structures read and checked; of a differencing chain, one link. Thread-safe.</summary>
internal sealed class VhdxImage : IDisposable
{
    private const string HeaderStructure = "header";

    private readonly SectorBitsKept bits = new();

    private VhdxImage(VhdxFile file) => File = file;

    public VhdxFile File { get; }

    public required VhdxHeader Header { get; init; }

    public required MetadataTable Metadata { get; init; }

    public required VhdxParameters Parameters { get; init; }

    public required BatLayout Layout { get; init; }

    public required BatReader Bat { get; init; }

    /// <exception cref="DiskImageException">The file is missing, damaged, or of a kind not supported.</exception>
    public static VhdxImage Open(string path)
    {
        VhdxFile file = new(ImageFile.Open(path));
        try
        {
            return Read(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>What the sector bitmap says of a range of a partially present block, and maybe of more.</summary>
    /// <exception cref="DiskImageException">The bitmap is missing or cannot be read.</exception>
    public SectorBits SectorBits(long block, long withinBytes, long lengthBytes)
    {
        if (!bits.TryFind(block, withinBytes, lengthBytes, out SectorBits? found))
        {
            found = ReadSectorBits(block, withinBytes, lengthBytes);
            bits.Keep(block, found);
        }
        return found;
    }

    public void Dispose() => File.Dispose();

    private SectorBits ReadSectorBits(long block, long withinBytes, long lengthBytes)
    {
        (long chunk, long blockInChunk) = Math.DivRem(block, Layout.BlocksPerChunk);
        BatEntry entry = Bat.OfBitmap(chunk);
        if (!entry.IsPresent)
        {
            throw File.Damage(
                "block allocation table entry",
                Bat.BitmapEntryAt(chunk),
                $"has no sector bitmap, but block {block} is only partly in this file");
        }
        int sectorSizeBytes = Parameters.LogicalSectorSizeBytes;
        long chunkStart = blockInChunk * (Layout.BlockSizeBytes / sectorSizeBytes);
        long firstByte = (chunkStart + (withinBytes / sectorSizeBytes)) / 8;
        long lastByte = (chunkStart + ((withinBytes + lengthBytes - 1) / sectorSizeBytes)) / 8;
        byte[] read = File.ReadStructure(
            "sector bitmap", (entry.OffsetMiB * VhdxLimits.MiB) + firstByte, (int)(lastByte - firstByte + 1));
        return new SectorBits(read, (firstByte * 8) - chunkStart, sectorSizeBytes);
    }

    private static VhdxImage Read(VhdxFile file)
    {
        RequireSignature(file);
        VhdxHeader header = ReadHeader(file, out long headerAt);
        if (header.Version != VhdxHeader.SupportedVersion)
        {
            throw file.Damage(HeaderStructure, headerAt, $"has version {header.Version}, which is not read");
        }
        RequireLogPlace(file, header, headerAt);
        file.Overlay(LogReplay.Read(file, header));
        RequireLength(file);
        FileMap map = new(file.LengthBytes);
        map.TryTake(0, 1);
        map.TryTake((long)(header.LogOffsetBytes / VhdxLimits.MiB), header.LogLengthBytes / VhdxLimits.MiB);
        VhdxRegions regions = VhdxRegions.Read(file, map);
        MetadataTable metadata = MetadataTable.Read(file, regions.Metadata);
        VhdxParameters parameters = VhdxParameters.Read(file, metadata);
        BatLayout layout = new(
            parameters.VirtualSizeBytes,
            parameters.BlockSizeBytes,
            parameters.LogicalSectorSizeBytes,
            parameters.HasParent);
        return new VhdxImage(file)
        {
            Header = header,
            Metadata = metadata,
            Parameters = parameters,
            Layout = layout,
            Bat = new BatReader(file, regions.Bat, layout, parameters.HasParent, map),
        };
    }

    private static void RequireSignature(VhdxFile file)
    {
        byte[] signature = file.ReadStructure("file identifier", 0, VhdxDisk.Signature.Length);
        if (!signature.AsSpan().SequenceEqual(VhdxDisk.Signature))
        {
            throw file.Damage("file identifier", 0, "is not that of a VHDX");
        }
    }

    private static void RequireLength(VhdxFile file)
    {
        if (file.LengthBytes > VhdxLimits.FileLengthBytesMax)
        {
            throw file.Damage("end", file.LengthBytes, "is further than that of any VHDX");
        }
    }

    private static VhdxHeader ReadHeader(VhdxFile file, out long headerAt)
    {
        byte[] firstBytes = file.ReadStructure(HeaderStructure, VhdxHeader.FirstAt, VhdxHeader.SizeBytes);
        byte[] secondBytes = file.ReadStructure(HeaderStructure, VhdxHeader.SecondAt, VhdxHeader.SizeBytes);
        bool isFirst = VhdxHeader.TryRead(firstBytes, out VhdxHeader first);
        bool isSecond = VhdxHeader.TryRead(secondBytes, out VhdxHeader second);
        if (!isFirst && !isSecond)
        {
            throw file.Damage(
                HeaderStructure, VhdxHeader.FirstAt, "and its copy have a wrong signature or checksum");
        }
        if (isFirst && isSecond && first.SequenceNumber == second.SequenceNumber && first != second)
        {
            throw file.Damage(
                HeaderStructure, VhdxHeader.FirstAt, "has its copy's sequence number, but other content");
        }
        bool isFirstNewer = !isSecond || (isFirst && first.SequenceNumber > second.SequenceNumber);
        headerAt = isFirstNewer ? VhdxHeader.FirstAt : VhdxHeader.SecondAt;
        return isFirstNewer ? first : second;
    }

    private static void RequireLogPlace(VhdxFile file, VhdxHeader header, long headerAt)
    {
        if (header.LogLengthBytes == 0 && header.LogId == Guid.Empty)
        {
            return;
        }
        if (VhdxPlace.Problem(header.LogOffsetBytes, header.LogLengthBytes, file.LengthBytes) is { } problem)
        {
            throw file.Damage(HeaderStructure, headerAt, $"names a log that {problem}");
        }
    }
}
