using System.Runtime.InteropServices;

namespace HyperVBackup.HyperV.Native;

/// <summary>OPEN_VIRTUAL_DISK_PARAMETERS with room for all its versions, of which the second is used: the third has the
/// id of a snapshot besides.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenParameters
{
    public const int SecondVersion = 2;

    public int Version;
    public int IsOnlyAsked;
    public int IsReadOnly;
    public Guid ResiliencyId;
    public Guid SnapshotId;
}
