using System.Runtime.InteropServices;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.VirtualDisks;
using HyperVBackup.HyperV.Native;

namespace HyperVBackup.HyperV.VirtualDisks;

/// <summary>Says in a sentence what virtdisk.dll refuses by a number.</summary>
internal static class DiskFailure
{
    private const uint PlainNumberMax = 0xFFFF;

    /// <exception cref="HostException">The host does not answer.</exception>
    public static DiskAnswer Ask(string path, VirtualDiskHandle disk, DiskQuestion question)
    {
        DiskAnswer answer = new(question);
        uint code = VirtDisk.Ask(disk, answer);
        return code == 0 ? answer : throw Of(path, $"asked for its {WordsOf(question)}", code);
    }

    /// <param name="attempt">What the disk cannot be: "opened", "read".</param>
    public static HostException Of(string path, string attempt, uint code) =>
        new($"The disk '{path}' cannot be {attempt}: {MeaningOf(code)}.", code);

    /// <summary>Windows' own numbers are small, and Windows knows their words.</summary>
    private static string MeaningOf(uint code) => code <= PlainNumberMax
        ? $"{Marshal.GetPInvokeErrorMessage((int)code).TrimEnd('.', '\r', '\n', ' ')} ({code})"
        : VirtualDiskError.MeaningOf(code);

    private static string WordsOf(DiskQuestion question) => question switch
    {
        DiskQuestion.Size => "size",
        DiskQuestion.ImageId => "identity",
        DiskQuestion.ParentLocation => "parent",
        DiskQuestion.Subtype => "kind",
        DiskQuestion.PhysicalSectorSize => "physical sector size",
        _ => "facts",
    };
}
