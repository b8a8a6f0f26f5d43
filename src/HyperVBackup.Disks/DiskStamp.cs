namespace HyperVBackup.Disks;

/// <summary>What tells one state of a disk's image from any other.</summary>
/// <param name="Text">As long as it is the same, and <paramref name="ChangedAt"/> was some time before the disk was
/// opened, the disk reads as the same bytes.</param>
/// <param name="ChangedAt">When anything of the image was last changed, by the clock of the file system. A change that
/// comes within the same tick of that clock need not show in <paramref name="Text"/>.</param>
public sealed record DiskStamp(string Text, DateTimeOffset ChangedAt);
