using HyperVBackup.Disks.Changes;
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

    private readonly List<(string Disk, ComparisonLog Log)> open = [];

    /// <summary>The stamp under which a view's disk is noted; null where what is found could not be believed later.
    /// </summary>
    /// <param name="isTracked">Whether the tracker of a disk that is written meanwhile is believed.</param>
    public string? StampOf(IDiskView view, bool isTracked)
    {
        if (isTracked && view.Stamp is ViewStamp stamp)
        {
            return stamp.Text;
        }

        return view.Disk.Stamp is { } image && image.ChangedAt <= openedAt - QuietTime ? image.Text : null;
    }

    /// <summary>Opens the log of a comparison that is about to begin or to go on.</summary>
    /// <param name="stamp">As <see cref="StampOf"/> gives it.</param>
    /// <param name="subjectOf">Given a stamp, what is compared.</param>
    /// <param name="refusal">Why an interrupted comparison of this disk is not gone on with; null where it is, or there
    /// was none.</param>
    /// <returns>Null where what is found could not be believed later.</returns>
    public ComparisonLog? TryOpen(
        string vm, string disk, string? stamp, Func<string, ComparisonSubject> subjectOf, out string? refusal)
    {
        refusal = null;
        if (stateFolder is null)
        {
            return null;
        }

        string path = PathOf(vm, disk);
        if (stamp is null)
        {
            refusal = File.Exists(path) ? "the disk may have changed since" : null;
            ComparisonLog.TryDelete(path);
            return null;
        }

        ComparisonLog? log = ComparisonLog.TryOpen(path, subjectOf(stamp), out refusal);
        if (log is not null)
        {
            open.Add((disk, log));
        }

        return log;
    }

    /// <summary>Whether something is noted of a disk by now.</summary>
    public bool IsNoted(string disk) => open.Exists(one => one.Disk == disk && one.Log.IsNoted);

    public void DeleteOpen() => open.ForEach(one => one.Log.Delete());

    /// <summary>Deletes all of these disks, also where they were not opened now.</summary>
    public void Delete(string vm, IEnumerable<string> disks)
    {
        DeleteOpen();
        foreach (string disk in stateFolder is null ? [] : disks)
        {
            ComparisonLog.TryDelete(PathOf(vm, disk));
        }
    }

    public void Dispose() => open.ForEach(one => one.Log.Dispose());

    private string PathOf(string vm, string disk) =>
        Path.Join(stateFolder, FolderName, repository.ToString(), ComparisonSubject.FileNameOf(vm, disk));
}
