using FASTER.core;

namespace HyperVBackup.Repository.Tests.Index.Pitfalls;

/// <summary>FASTER with its own devices and checkpoint files, as one would use it who knows nothing of it.</summary>
internal sealed class RawStore : IDisposable
{
    private readonly IDevice log;
    private readonly FasterKVSettings<long, long> settings;

    public RawStore(string folder)
    {
        log = Devices.CreateLogDevice(Path.Join(folder, "hlog.log"));
        settings = new FasterKVSettings<long, long>(folder)
        {
            IndexSize = 1 << 16,
            LogDevice = log,
            PageSize = 1 << 12,
            MemorySize = 1 << 14,
            RemoveOutdatedCheckpoints = false,
        };
        Store = new FasterKV<long, long>(settings);
        Session = Store.NewSession(new SimpleFunctions<long, long>());
    }

    public FasterKV<long, long> Store { get; }

    public ClientSession<long, long, long, long, Empty, IFunctions<long, long, long, long, Empty>> Session
    {
        get;
        private set;
    }

    public void Recover()
    {
        Session.Dispose();
        Store.Recover();
        Session = Store.NewSession(new SimpleFunctions<long, long>());
    }

    public void Add(int first, int count)
    {
        for (long key = first; key < first + count; key++)
        {
            Session.Upsert(key, -key);
        }

        Session.CompletePending(wait: true);
    }

    /// <summary>How many of the keys from 0 on are found.</summary>
    public int CountFound(int count)
    {
        int found = 0;
        for (long key = 0; key < count; key++)
        {
            long value = 0;
            Status status = Session.Read(ref key, ref value);
            if (status.IsPending)
            {
                Session.CompletePendingWithOutputs(
                    out CompletedOutputIterator<long, long, long, long, Empty> outputs, wait: true);
                outputs.Next();
                (status, value) = (outputs.Current.Status, outputs.Current.Output);
                outputs.Dispose();
            }

            found += status.Found && value == -key ? 1 : 0;
        }

        return found;
    }

    public void Dispose()
    {
        Session.Dispose();
        Store.Dispose();
        log.Dispose();
        settings.Dispose();
    }
}
