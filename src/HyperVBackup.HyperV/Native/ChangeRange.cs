using System.Runtime.InteropServices;

namespace HyperVBackup.HyperV.Native;

/// <summary>QUERY_CHANGES_VIRTUAL_DISK_RANGE.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ChangeRange
{
    public ulong OffsetBytes;
    public ulong LengthBytes;
    public ulong Reserved;
}
