using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;

namespace HyperVBackup.Benchmarks.Scenarios;

/// <summary>Fills a repository with restore points that all say what its one point says, but for when: what years of
/// backups look like to those who only read the points.</summary>
internal static class PointCopies
{
    private const string PointFolder = "points/";
    private const string MirrorFolder = "mirror/points/";

    /// <param name="pointId">As the program printed it.</param>
    /// <param name="count">How many points there are then, the one counted.</param>
    public static void Make(string repositoryFolder, string pointId, int count)
    {
        if (!SessionId.TryParse(pointId, out SessionId id))
        {
            throw new InvalidOperationException($"'{pointId}' is no restore point.");
        }

        byte[] file = File.ReadAllBytes(Path.Combine(repositoryFolder, PointFolder + id));
        byte[] plain = RecordFile.Read(file, FileKind.RestorePoint, PointFolder + id, out RepositoryId repository);
        RestorePoint first = RestorePoint.Read(id, plain);
        Random random = new(count);
        byte[] bytes = new byte[SessionId.SizeBytes];
        for (int number = 1; number < count; number++)
        {
            random.NextBytes(bytes);
            RestorePoint copy = first with
            {
                Id = new SessionId(bytes),
                Sequence = first.Sequence + number,
                Time = first.Time.AddHours(number),
            };
            byte[] body = copy.Write();
            Put(repositoryFolder, repository, PointFolder + copy.Id, body);
            Put(repositoryFolder, repository, MirrorFolder + copy.Id, body);
        }
    }

    private static void Put(string repositoryFolder, RepositoryId repository, string name, byte[] body) =>
        File.WriteAllBytes(
            Path.Combine(repositoryFolder, name),
            RecordFile.Write(new FileHeader(FileKind.RestorePoint, repository, name), body, Compression.None));
}
