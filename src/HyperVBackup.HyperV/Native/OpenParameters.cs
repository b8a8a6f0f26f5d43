using System.Runtime.InteropServices;

namespace HyperVBackup.HyperV.Native;

/// <summary>OPEN_VIRTUAL_DISK_PARAMETERS as its second version has them.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenParameters
{
    public const int SecondVersion = 2;

    public int Version;
    public int IsOnlyAsked;
    public int IsReadOnly;
    public Guid ResiliencyId;
}
