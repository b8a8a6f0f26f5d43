using HyperVBackup.Format;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Collections;
using HyperVBackup.Repository.Maintenance;
using HyperVBackup.Repository.Notes;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Points;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Repository.Tests.Sessions;
using HyperVBackup.Storage;
using HyperVBackup.Testing.Stores;

namespace HyperVBackup.Repository.Tests.Maintenance;

/// <summary>A small repository that holds files of every kind, two of each that stands alone.</summary>
internal static class RotSample
{
    private static readonly SessionId Gone = new("a session gone.."u8);

    public static async Task<SampleRepository> CreateAsync()
    {
        SampleRepository sample = await ByteDamageTests.TwoPointsAsync(hasDeltas: true);
        (MemoryStore store, RepositoryId id) = (sample.Store, sample.Repository.Id);
        CollectionFiles collections = new(store, id);
        CollectionSet set = new(1, [Gone], [new PackName(PackKind.Maps, Gone, 3)]);
        await collections.TryPutCondemnedAsync(set, default);
        await collections.TryPutRetiredAsync(set, default);
        foreach (SessionId point in sample.Disks.Keys)
        {
            await new PruneMarkFiles(store, id).TryPutAsync(
                point, new PruneMark { Time = DateTimeOffset.UnixEpoch, Host = "host", Why = "why" }, default);
            Pin pin = new() { Made = DateTimeOffset.UnixEpoch, Host = "host" };
            await new PinFiles(store, id).PutAsync(point, NewId(point, 1), pin, default);
            Lease lease = new()
            {
                Kind = LeaseKind.Restore,
                HighestCollection = 1,
                Started = DateTimeOffset.UnixEpoch,
                ProcessId = 7,
                Host = "host",
            };
            SessionId session = NewId(point, 2);
            await new LeaseFile(store, id).PutAsync(session, lease, default);
            await new SignFiles(store, id).PutAsync(session, new SignOfLife(3, DateTimeOffset.UnixEpoch), default);
        }

        DamageNote noted = new()
        {
            Made = DateTimeOffset.UnixEpoch,
            Host = "host",
            Places = [DamagedPlace.OfFile(new PackName(PackKind.Chunks, Gone, 3), isSecondCopy: false, 0)],
        };
        VerificationOptions options = new() { ReadDataPercent = 60 };
        await ByteDamageTests.VerifyAsync(sample.Repository, options);
        BlobName note = sample.NamesIn("verified/")[0];
        byte[] first = store[note];
        await ByteDamageTests.VerifyAsync(sample.Repository, options);
        store[note] = first; // as two runs at once leave them
        foreach (SessionId point in sample.Disks.Keys)
        {
            await new DamageNoteFiles(store, id).PutAsync(NewId(point, 3), noted, default);
        }

        return sample;
    }

    /// <summary>Nobody writes from now on, so that what is damaged stays as it is.</summary>
    public static MemoryStore ReadOnly(MemoryStore store)
    {
        store.Before = call =>
        {
            if (call.Kind is StoreCallKind.Put or StoreCallKind.Create or StoreCallKind.Delete)
            {
                throw new StoreException("read only");
            }
        };
        return store;
    }

    public static SessionId NewId(SessionId other, byte change)
    {
        byte[] bytes = new byte[SessionId.SizeBytes];
        other.WriteTo(bytes);
        bytes[^1] ^= change;
        return new SessionId(bytes);
    }
}
