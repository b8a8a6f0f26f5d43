using HyperVBackup.Disks;
using HyperVBackup.Disks.Raw;

namespace HyperVBackup.Cli;

/// <summary>A disk image as <c>--disk [NAME=][raw:|image:]PATH</c> names it.</summary>
/// <param name="IsRaw">True: raw, whatever it holds; false: a VHDX or VHD; null: its content tells.</param>
internal sealed record ImageArgument(string Name, string Path, bool? IsRaw)
{
    /// <summary>Whether it is a person, and not the content alone, who says that it is a VHDX or VHD.</summary>
    public bool IsSurelyFormatted => !(IsRaw ?? !DiskImage.IsNamedFormatted(Path));

    /// <exception cref="DiskImageException">There is no such image.</exception>
    public IDisk Open() => IsRaw switch
    {
        true => RawDisk.Open(Path),
        false => DiskImage.OpenFormatted(Path),
        null => DiskImage.Open(Path),
    };
}
