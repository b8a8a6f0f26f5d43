using System.Text.RegularExpressions;

namespace HyperVBackup.Hosts.Checkpoints;

/// <summary>The name that a checkpoint of ours is given, so that it is known for ours on any host and by any person.
/// </summary>
internal sealed partial record OwnMark(string Owner, string Run)
{
    private const int RunBytes = 8;

    public static OwnMark New(string owner, Action<Span<byte>> randomness)
    {
        byte[] run = new byte[RunBytes];
        randomness(run);
        return new OwnMark(owner, Convert.ToHexStringLower(run));
    }

    /// <summary>Whether a checkpoint's name says that it is the owner's.</summary>
    public static bool IsOf(string owner, string name) =>
        Shape().Match(name) is { Success: true } match && match.Groups[1].Value == owner;

    public override string ToString() => $"HyperVBackup {Owner} {Run}";

    [GeneratedRegex("^HyperVBackup ([a-z0-9-]{1,40}) [0-9a-f]{16}$")]
    private static partial Regex Shape();
}
