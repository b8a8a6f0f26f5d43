using System.Runtime.InteropServices;
using Alphaleonis.Win32.Vss;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Vss;

namespace HyperVBackup.HyperV.Vss;

/// <summary>What the service fails with, as one sentence. AlphaVSS tells most failures by their type and gives no
/// number; of those only what decides anything gets the service's.</summary>
internal static class AlphaVssFailures
{
    /// <exception cref="HostException">The service fails.</exception>
    public static T Told<T>(string what, Func<T> step)
    {
        try
        {
            return step();
        }
        catch (VssSnapshotSetInProgressException failure)
        {
            throw Of(what, failure, VssFailures.SetInProgress);
        }
        catch (Exception failure) when (failure is VssException or COMException or UnauthorizedAccessException
            or ArgumentException or NotSupportedException or InvalidOperationException)
        {
            throw Of(what, failure, (uint)failure.HResult);
        }
    }

    private static HostException Of(string what, Exception failure, uint code) =>
        new($"{what} failed: {failure.Message.TrimEnd('.')} (0x{code:X8}).", code, failure);
}
