using System.Runtime.InteropServices;

namespace HyperVBackup.HyperV.Native;

/// <summary>VIRTUAL_STORAGE_TYPE. All zero, the host finds out itself what a file is.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct StorageType
{
    public uint DeviceId;
    public Guid VendorId;
}
