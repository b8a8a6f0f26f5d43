using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Repair;

/// <summary>
/// Mends settings, restore points and collections from their other copy, which differs in its header alone. A copy that
/// is missing is not made again here: another may have deleted it for good. One thread at a time.
/// </summary>
internal sealed class SmallFileMending(IBlobStore store, RepositoryId repository, Mending mending)
{
    /// <returns>False where the file is of no such kind, is missing, is longer than it was, or the other copy is no
    /// help.</returns>
    public async Task<bool> TryMendAsync(string name, CancellationToken token)
    {
        bool isSecond = name.StartsWith(FileNames.MirrorFolder, StringComparison.Ordinal);
        string other = isSecond ? name[FileNames.MirrorFolder.Length..] : FileNames.MirrorFolder + name;
        if (KindOf(isSecond ? other : name) is not FileKind kind
            || await store.TryGetLengthAsync(new BlobName(name), token) is not long lengthBytes
            || await TryReadAsync(other, token) is not byte[] good
            || lengthBytes > good.Length
            || !IsGood(good, kind, other))
        {
            return false;
        }

        byte[] bytes = [.. good];
        new FileHeader(kind, repository, name).WriteTo(bytes);
        return await mending.WriteAsync(name, 0, bytes, token);
    }

    private static FileKind? KindOf(string name) =>
        name == FileNames.Repository ? FileKind.Repository
        : name.StartsWith(FileNames.RestorePointFolder, StringComparison.Ordinal) ? FileKind.RestorePoint
        : name.StartsWith(FileNames.CondemnedFolder, StringComparison.Ordinal) ? FileKind.Condemned
        : name.StartsWith(FileNames.RetiredFolder, StringComparison.Ordinal) ? FileKind.Retired
        : null;

    private bool IsGood(byte[] file, FileKind kind, string name)
    {
        try
        {
            RecordFile.Read(file, kind, repository, name);
            return true;
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    private async Task<byte[]?> TryReadAsync(string name, CancellationToken token)
    {
        try
        {
            return await SmallFile.TryReadAsync(store, name, FormatLimits.CollectionFileLengthMaxBytes, token);
        }
        catch (Exception failure) when (failure is StoreException or CorruptDataException)
        {
            return null;
        }
    }
}
