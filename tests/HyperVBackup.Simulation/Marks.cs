using HyperVBackup.Format;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Storage;

namespace HyperVBackup.Simulation;

/// <summary>Gives points up.</summary>
internal static class Marks
{
    public static async Task PutAsync(IBlobStore store, RepositoryId repository, SessionId point)
    {
        string name = FileNames.PruneMark(point);
        PruneMark mark = new() { Time = DateTimeOffset.UnixEpoch, Host = "", Why = "" };
        FileHeader header = new(FileKind.PruneMark, repository, name);
        await store.TryPutAsync(
            new BlobName(name), RecordFile.Write(header, mark.Write(), Compression.None), default);
    }
}
