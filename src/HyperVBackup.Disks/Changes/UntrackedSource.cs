namespace HyperVBackup.Disks.Changes;

/// <summary>An image that nobody tracked: what changed is always found by checksum. Records no tracking id.</summary>
/// <param name="openDisk">Opens the image; the view disposes it.</param>
public sealed class UntrackedSource(Func<IDisk> openDisk) : IChangeSource
{
    /// <summary>What every view gives as the reason.</summary>
    public const string Reason = "no change tracking was given";

    public string Description => "no change tracking";

    public string? Since => null;

    public IDiskView Open() => new ImageView(openDisk(), new DiskChanges.Lost(Reason), id: null);
}
