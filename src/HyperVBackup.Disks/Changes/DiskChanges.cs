namespace HyperVBackup.Disks.Changes;

/// <summary>A source's answer to "what changed": ranges, or that this is not known. There is no third answer.</summary>
public abstract record DiskChanges
{
    private DiskChanges()
    {
    }

    /// <summary>Everything outside <paramref name="Ranges"/> is as it was; all of them lie inside the disk.</summary>
    public sealed record Known(ChangedRanges Ranges) : DiskChanges;

    /// <summary>Nothing is known; the disk is compared by checksum with the parent restore point.</summary>
    /// <param name="Reason">For people: half a sentence that starts in lower case and ends without a full stop.
    /// </param>
    public sealed record Lost(string Reason) : DiskChanges;
}
