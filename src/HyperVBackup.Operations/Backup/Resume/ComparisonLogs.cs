using HyperVBackup.Format;

namespace HyperVBackup.Operations.Backup.Resume;

/// <summary>The comparisons of one backup. They are kept until its point is published: then, and where one of them was
/// refuted, they are deleted.</summary>
/// <param name="stateFolder">The host's; null where nothing is kept.</param>
/// <param name="openedAt">When the disks were about to be opened, by the host's clock.</param>
internal sealed class ComparisonLogs(string? stateFolder, RepositoryId repository, DateTimeOffset openedAt)
    : IDisposable
{
    private const string FolderName = "compared";

    /// <summary>What was changed so short a time before it was opened may have changed once more in the same tick of
    /// the file system's clock.</summary>
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(1);

    private readonly List<ComparisonLog> open = [];

    /// <summary>Opens the log of a comparison that is about to begin or to go on.</summary>
    /// <param name="subjectOf">Given a stamp, what is compared.</param>
    /// <param name="refusal">Why an interrupted comparison of this disk is not gone on with; null where it is, or there
    /// was none.</param>
    /// <returns>Null where what is found could not be believed later.</returns>
    public ComparisonLog? TryOpen(
        string vm, string disk, Disks.DiskStamp? stamp, Func<Disks.DiskStamp, ComparisonSubject> subjectOf,
        out string? refusal)
    {
        refusal = null;
        if (stateFolder is null)
        {
            return null;
        }

        string path = PathOf(vm, disk);
        if (stamp is null || stamp.ChangedAt > openedAt - QuietTime)
        {
            refusal = File.Exists(path) ? "the disk may have changed since" : null;
            ComparisonLog.TryDelete(path);
            return null;
        }

        ComparisonLog? log = ComparisonLog.TryOpen(path, subjectOf(stamp), out refusal);
        if (log is not null)
        {
            open.Add(log);
        }

        return log;
    }

    public void DeleteOpen() => open.ForEach(log => log.Delete());

    /// <summary>Deletes all of these disks, also where they were not opened now.</summary>
    public void Delete(string vm, IEnumerable<string> disks)
    {
        DeleteOpen();
        foreach (string disk in stateFolder is null ? [] : disks)
        {
            ComparisonLog.TryDelete(PathOf(vm, disk));
        }
    }

    public void Dispose() => open.ForEach(log => log.Dispose());

    private string PathOf(string vm, string disk) =>
        Path.Join(stateFolder, FolderName, repository.ToString(), ComparisonSubject.FileNameOf(vm, disk));
}
