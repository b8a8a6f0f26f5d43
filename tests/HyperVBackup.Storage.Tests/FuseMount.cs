using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HyperVBackup.Storage.Tests;

/// <summary>A mount of the kind that sshfs makes, where this user may make one. Nobody serves it, so files in it cannot
/// be reached; what it is can be asked.</summary>
internal sealed partial class FuseMount : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SafeFileHandle? device;

    /// <param name="type">The kind of program that claims to serve it.</param>
    internal FuseMount(string type)
    {
        const string Device = "/dev/fuse";
        if (OperatingSystem.IsLinux() && File.Exists(Device))
        {
            try
            {
                device = File.OpenHandle(Device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
                // Of another user: the system answers without asking whoever serves it.
                string options = string.Create(
                    CultureInfo.InvariantCulture,
                    $"fd={device.DangerousGetHandle()},rootmode=40000,user_id=12345,group_id=12345,subtype={type}");
                IsMounted = mount("host:/backup", folder.Path, "fuse", 0, options) == 0;
            }
            catch (UnauthorizedAccessException)
            {
                IsMounted = false;
            }
        }
    }

    internal bool IsMounted { get; }

    internal string Path => folder.Path;

    public void Dispose()
    {
        if (IsMounted)
        {
            using Process process = Process.Start("umount", ["-l", Path]);
            process.WaitForExit();
        }

        device?.Dispose();
        folder.Dispose();
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, ulong flags, string options);
}
