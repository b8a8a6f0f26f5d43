using System.Globalization;
using System.Text.RegularExpressions;

namespace HyperVBackup.Qemu;

/// <summary>The name of something made in a hypervisor for the time of one backup: which process made it, in which run,
/// whether that run started the NBD server, what it is, and for which disk. At most 31 characters, as block nodes
/// need.</summary>
internal sealed partial record OwnName(uint ProcessId, string Run, bool StartsServer, char Kind, int Disk)
{
    public const char ScratchFile = 'f';
    public const char Scratch = 'o';
    public const char Job = 'j';
    public const char Filter = 'w';
    public const char Creation = 'c';
    public const char Export = 'e';

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"hvb-{ProcessId}-{Run}{(StartsServer ? 's' : 'n')}-{Kind}{Disk}");

    /// <summary>Null for a name that is somebody else's.</summary>
    public static OwnName? Parse(string? text)
    {
        Match match = Shape().Match(text ?? "");
        return match.Success
            && uint.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out uint id)
            ? new OwnName(
                id, match.Groups[2].Value, match.Groups[3].Value == "s", match.Groups[4].Value[0],
                int.Parse(match.Groups[5].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture))
            : null;
    }

    [GeneratedRegex("^hvb-([0-9]{1,10})-([0-9a-f]{8})([sn])-([a-z])([0-9]{1,3})$")]
    private static partial Regex Shape();
}
