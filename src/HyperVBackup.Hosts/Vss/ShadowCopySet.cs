namespace HyperVBackup.Hosts.Vss;

/// <summary>
/// Makes one set of shadow copies, step by step in the order that the service asks for, and takes it away again. Its id
/// is known before anything is made, so that it can be noted: whatever a kill leaves is found by it. A writer that
/// failed, before the shadow copies or while they were made, fails the set. Disposed without having been completed, it
/// is aborted. Not thread-safe.
/// </summary>
public sealed class ShadowCopySet : IDisposable
{
    private readonly IVssRequester requester;
    private readonly IVssBackup backup;
    private readonly List<(VssWriter Writer, VssComponent Component)> components = [];
    private bool isEnded;

    private ShadowCopySet(IVssRequester requester, IVssBackup backup, Guid id) =>
        (this.requester, this.backup, Id) = (requester, backup, id);

    /// <summary>What the service knows the set by.</summary>
    public Guid Id { get; }

    /// <summary>The shadow copies, once they are made.</summary>
    public IReadOnlyList<VssSnapshot> Snapshots { get; private set; } = [];

    /// <summary>Begins a set; nothing is made yet.</summary>
    /// <param name="choose">Which components of the writers take part; null where no writer does.</param>
    /// <exception cref="HostException">The service refuses.</exception>
    public static ShadowCopySet Begin(
        IVssRequester requester, VssOptions options,
        Func<IReadOnlyList<VssWriter>, IEnumerable<(VssWriter Writer, VssComponent Component)>>? choose = null)
    {
        ArgumentNullException.ThrowIfNull(requester);
        ArgumentNullException.ThrowIfNull(options);
        IVssBackup backup = requester.Begin(options);
        try
        {
            List<(VssWriter Writer, VssComponent Component)> chosen = choose is null
                ? []
                : [.. choose(backup.GatherWriters())];
            ShadowCopySet set = new(requester, backup, backup.StartSet());
            foreach ((VssWriter writer, VssComponent component) in chosen)
            {
                backup.AddComponent(writer, component);
                set.components.Add((writer, component));
            }

            return set;
        }
        catch
        {
            backup.Dispose();
            throw;
        }
    }

    /// <summary>Takes every shadow copy of a set away, also where who asked for it is long gone.</summary>
    /// <exception cref="HostException">One is still there.</exception>
    public static void Delete(IVssRequester requester, Guid set)
    {
        ArgumentNullException.ThrowIfNull(requester);
        foreach (VssSnapshot snapshot in requester.SnapshotsOf(set))
        {
            requester.Delete(snapshot.Id);
        }
    }

    /// <summary>Makes the shadow copies, all of one moment.</summary>
    /// <param name="volumes">By <see cref="VssVolume.Name"/>.</param>
    /// <exception cref="HostException">One cannot be made, or a writer has failed.</exception>
    public void Make(IReadOnlyCollection<string> volumes)
    {
        ArgumentNullException.ThrowIfNull(volumes);
        List<Guid> ids = [.. volumes.Select(backup.AddVolume)];
        backup.Prepare();
        RequireWriters();
        backup.MakeSnapshots();
        RequireWriters();
        Snapshots = [.. ids.Select(backup.Look)];
        if (Snapshots.FirstOrDefault(snapshot => snapshot.SetId != Id) is VssSnapshot other)
        {
            throw new HostException($"The shadow copy {other.Id} is of another set than the one that was asked for.");
        }
    }

    /// <summary>Everything that another host needs to import the shadow copies.</summary>
    /// <exception cref="HostException">The service does not give it.</exception>
    public string SaveDocument() => backup.SaveDocument();

    /// <summary>Tells the writers what became of their components. Not needed where none took part.</summary>
    /// <exception cref="HostException">A writer fails at it.</exception>
    public void Complete(Func<VssComponent, bool> isBackedUp)
    {
        ArgumentNullException.ThrowIfNull(isBackedUp);
        foreach ((VssWriter writer, VssComponent component) in components)
        {
            backup.SetSucceeded(writer, component, isBackedUp(component));
        }

        backup.Complete();
        isEnded = true;
        RequireWriters();
    }

    /// <summary>Ends the backup and takes the shadow copies away.</summary>
    /// <exception cref="HostException">One is still there.</exception>
    public void Delete()
    {
        Dispose();
        Delete(requester, Id);
    }

    public void Dispose()
    {
        if (!isEnded)
        {
            isEnded = true;
            try
            {
                backup.Abort();
            }
            catch (HostException)
            {
                // It ends with the object at the latest.
            }
        }

        backup.Dispose();
    }

    private void RequireWriters()
    {
        foreach (Guid writer in components.Select(chosen => chosen.Writer.Id).Distinct())
        {
            VssWriterStatus? failed = backup.GatherStatus()
                .FirstOrDefault(status => status.WriterId == writer && status.IsFailed);
            if (failed is not null)
            {
                throw new HostException(
                    $"The VSS writer '{failed.Name}' failed (state {failed.State}, 0x{failed.Failure:X8}).",
                    failed.Failure);
            }
        }
    }
}
