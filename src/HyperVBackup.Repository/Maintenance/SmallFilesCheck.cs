using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Points;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance;

/// <summary>Checks leases, signs of life, prune marks and damage notes. No restore hangs on them: a damaged lease holds
/// collections up as a sound one does, a mark marks by its name, what a note said is found again. But rot in one is a
/// reason to look at the disk below.</summary>
internal sealed class SmallFilesCheck(IBlobStore store, RepositoryId repository, DamageLog damage)
{
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task RunAsync(CancellationToken token)
    {
        await CheckAsync(FileNames.LeaseFolder, FileKind.Lease, (plain, _) => Lease.Read(plain), token);
        await CheckAsync(FileNames.PruneMarkFolder, FileKind.PruneMark, (plain, _) => PruneMark.Read(plain), token);
        await CheckAsync(
            FileNames.SignOfLifeFolder, FileKind.SignOfLife,
            (plain, name) => Corrupt.Unless(
                name.EndsWith($"-{SignOfLife.Read(plain).Counter}", StringComparison.Ordinal),
                "sign of life: counter"),
            token);
        await CheckAsync(
            FileNames.DamageNoteFolder, FileKind.DamageNote, (plain, _) => DamageNote.Read(plain), token,
            FormatLimits.DamageNoteFileLengthMaxBytes,
            "; 'repair --read-data' finds again what it named, and takes it away");
    }

    private async Task CheckAsync(
        string folder, FileKind kind, Action<byte[], string> read, CancellationToken token,
        int lengthMaxBytes = FormatLimits.RestorePointFileLengthMaxBytes, string remedy = "")
    {
        await foreach (BlobName name in store.ListAsync(folder, token))
        {
            try
            {
                if (await SmallFile.TryReadAsync(store, name.Path, lengthMaxBytes, token) is byte[] file)
                {
                    read(RecordFile.Read(file, kind, repository, name.Path), name.Path);
                }
            }
            catch (Exception complaint) when (complaint is CorruptDataException or StoreException)
            {
                string what = complaint is CorruptDataException ? remedy : "";
                damage.Add(name.Path, 0, $"{complaint.Message} (no restore needs this file{what})");
            }
        }
    }
}
