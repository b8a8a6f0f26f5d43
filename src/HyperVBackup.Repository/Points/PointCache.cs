using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Points;

/// <summary>
/// The restore points of a repository as this host has read them before, in one file of its state folder. It never
/// says which points there are, only what those that are there say. Nothing that is wrong with it is an error: it holds
/// nothing then. Thread-safe, also among processes: the file is replaced whole, and whose comes last stays.
/// </summary>
internal sealed class PointCache(string stateFolder, RepositoryId repository)
{
    private const string FileName = "cache";
    private const int FileBytesMax = 256 << 20;
    private readonly string folder = Path.Join(stateFolder, "points", repository.ToString());

    /// <param name="retiredCount">Of the collections that had retired anything, now.</param>
    /// <returns>The points by their files' names, only those that were put there under the same count.</returns>
    public Dictionary<string, RestorePoint> Read(long retiredCount)
    {
        try
        {
            byte[] bytes = ReplaceableFile.Read(Path.Join(folder, FileName), FileBytesMax);
            return PointCacheFile.Decode(bytes, repository, retiredCount);
        }
        catch (Exception error) when (error is CorruptDataException || IsFromSystem(error))
        {
            return [];
        }
    }

    /// <summary>Replaces what was kept. Where that is not possible, all is read again next time.</summary>
    public void Save(long retiredCount, IReadOnlyCollection<RestorePoint> points)
    {
        try
        {
            Directory.CreateDirectory(folder);
            Sweep();
            byte[] bytes = PointCacheFile.Encode(repository, retiredCount, points);
            if (bytes.Length <= FileBytesMax)
            {
                using DurableFile file = DurableFile.Create(Path.Join(folder, FileName));
                RandomAccess.Write(file.Handle, bytes, 0);
                file.Replace(); // its checksum tells whether it came to the disk
            }
        }
        catch (Exception error) when (IsFromSystem(error))
        {
            return;
        }
    }

    /// <summary>Removes what interrupted saves left behind. What another process is just about to publish is lost with
    /// it: that one's save fails then, which costs nothing but time.</summary>
    private void Sweep()
    {
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            if (Path.GetFileName(path) != FileName)
            {
                File.Delete(path);
            }
        }
    }

    private static bool IsFromSystem(Exception error) =>
        error is IOException or UnauthorizedAccessException or StoreException;
}
