using System.Runtime.InteropServices;

namespace HyperVBackup.HyperV.Native;

/// <summary>OVERLAPPED: where a read begins, and what tells its end.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Overlap
{
    public nuint Internal;
    public nuint InternalHigh;
    public ulong OffsetBytes;
    public nint Event;
}
