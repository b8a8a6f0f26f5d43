using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.HyperV.Native;

/// <summary>A disk that is open through virtdisk.dll. Closing it detaches it.</summary>
internal sealed class VirtualDiskHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle() => Kernel32.CloseHandle(handle);
}
