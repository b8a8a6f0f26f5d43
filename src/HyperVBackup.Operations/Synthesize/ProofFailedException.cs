using HyperVBackup.Disks;

namespace HyperVBackup.Operations.Synthesize;

/// <summary>Folding the change lists did not lead to the recorded root: lists and maps contradict each other.
/// Nothing was published.</summary>
public sealed class ProofFailedException : Exception
{
    public ProofFailedException(string message, string disk, IReadOnlyList<ByteRange> ranges)
        : base(message)
    {
        (Disk, Ranges) = (disk, ranges);
    }

    /// <summary>The disk's name.</summary>
    public string Disk { get; }

    /// <summary>Where the two disagree; the first ones, if there are many.</summary>
    public IReadOnlyList<ByteRange> Ranges { get; }
}
