using System.Runtime.InteropServices;

namespace HyperVBackup.HyperV.Native;

/// <summary>ATTACH_VIRTUAL_DISK_PARAMETERS with room for all its versions, of which the first is used: a second one has
/// two numbers of 64 bits, so that newer headers put the first one's 32 reserved bits behind a gap. They are zero in
/// either place.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AttachParameters
{
    public const int FirstVersion = 1;

    public int Version;
    public uint Reserved;
    public ulong RestrictedOffset;
    public ulong RestrictedLength;
}
