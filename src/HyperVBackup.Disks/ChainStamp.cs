namespace HyperVBackup.Disks;

/// <summary>Names the state of all images of a chain at once.</summary>
internal static class ChainStamp
{
    /// <param name="own">Of the image's own file.</param>
    /// <param name="ids">What else tells the image's state.</param>
    /// <param name="parent">The rest of the chain; null for a base.</param>
    /// <returns>Null where one of them has none.</returns>
    public static DiskStamp? Of(DiskStamp? own, string ids, IDisk? parent)
    {
        DiskStamp? below = parent is null ? new DiskStamp("", DateTimeOffset.MinValue) : parent.Stamp;
        return own is null || below is null
            ? null
            : new DiskStamp(
                $"{own.Text} {ids}; {below.Text}",
                own.ChangedAt > below.ChangedAt ? own.ChangedAt : below.ChangedAt);
    }
}
