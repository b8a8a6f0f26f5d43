using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace HyperVBackup.HyperV.Native;

/// <summary>
/// An answer of GetVirtualDiskInformation: GET_VIRTUAL_DISK_INFO as 64-bit programs have it, with room for the text
/// behind it. What was not answered reads as zeros.
/// </summary>
internal sealed class DiskAnswer
{
    public const int VersionAt = 0;
    public const int VirtualSizeAt = 8;
    public const int BlockSizeAt = 24;
    public const int SectorSizeAt = 28;
    public const int ImageIdAt = 8;
    public const int DeviceAt = 8;
    public const int IsResolvedAt = 8;
    public const int ParentAt = 12;
    public const int SubtypeAt = 8;
    public const int PhysicalSectorSizeAt = 8;
    public const int DiskIdAt = 8;
    public const int IsTrackedAt = 8;
    public const int MostRecentIdAt = 16;

    /// <summary>The fixed part of the largest answer.</summary>
    public const int FixedBytes = 32;

    /// <summary>Room for the longest path that Windows has, and so for any tracking id.</summary>
    private const int RoomBytes = FixedBytes + (sizeof(char) * (32767 + 1));

    private readonly byte[] bytes = new byte[RoomBytes];

    public DiskAnswer(DiskQuestion question) =>
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(VersionAt), (int)question);

    /// <summary>To be filled.</summary>
    public Span<byte> Bytes => bytes;

    public long Int64(int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));

    public int Int32(int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));

    public Guid Guid(int at) => new(bytes.AsSpan(at, 16));

    /// <summary>The text from an offset on, up to its end.</summary>
    public string Text(int at)
    {
        ReadOnlySpan<char> text = MemoryMarshal.Cast<byte, char>(bytes.AsSpan(at));
        int end = text.IndexOf('\0');
        return text[..(end < 0 ? text.Length : end)].ToString();
    }
}
