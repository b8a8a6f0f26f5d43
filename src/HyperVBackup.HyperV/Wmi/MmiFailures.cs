using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Containers;
using Microsoft.Management.Infrastructure;

namespace HyperVBackup.HyperV.Wmi;

/// <summary>Turns what the management interface fails with into one sentence.</summary>
internal static class MmiFailures
{
    private const uint AccessDenied = 0x80041003;
    private const uint NotFound = 0x80041002;
    private const uint InvalidClass = 0x80041010;

    /// <param name="what">What was asked, as in <c>The query '…'</c>.</param>
    /// <param name="computer">Null for this one.</param>
    public static HostException Of(string what, string? computer, NativeErrorCode code, string message)
    {
        string where = computer is null ? "" : $" on {computer}";
        string told = message.ReplaceLineEndings(" ").Trim().TrimEnd('.');
        string hint = code == NativeErrorCode.AccessDenied
            ? ": run elevated, as a member of the host's administrators"
            : "";
        return new HostException($"{what} failed{where}: {told} ({code}){hint}.", NumberOf(code));
    }

    /// <summary>Whether the management interface itself is missing or cannot be loaded.</summary>
    public static bool IsOfLoading(Exception failure) => failure
        is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException
        or TypeInitializationException or FileNotFoundException or FileLoadException;

    public static HostException OfLoading(Exception failure) => new(
        "Windows' management interface (WMI) cannot be used by this program: "
        + $"{failure.GetBaseException().Message.ReplaceLineEndings(" ").Split(". ")[0].TrimEnd('.')}.", 0, failure);

    /// <summary>The number that WMI itself has for it, where others here ask for it; else 0.</summary>
    private static uint NumberOf(NativeErrorCode code) => code switch
    {
        NativeErrorCode.InvalidNamespace => ClusterNodes.NoSuchNamespace,
        NativeErrorCode.AccessDenied => AccessDenied,
        NativeErrorCode.NotFound => NotFound,
        NativeErrorCode.InvalidClass => InvalidClass,
        _ => 0,
    };
}
