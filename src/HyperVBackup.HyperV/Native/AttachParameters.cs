using System.Runtime.InteropServices;

namespace HyperVBackup.HyperV.Native;

/// <summary>ATTACH_VIRTUAL_DISK_PARAMETERS as their first version has them.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AttachParameters
{
    public const int FirstVersion = 1;

    public int Version;
    public uint Reserved;
}
