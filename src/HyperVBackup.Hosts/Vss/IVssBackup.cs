namespace HyperVBackup.Hosts.Vss;

/// <summary>One backup as the volume shadow copy service sees it. Its calls have one order, which
/// <see cref="ShadowCopySet"/> keeps. Disposing it ends it; shadow copies that are neither persistent nor transportable
/// should go with it. One thread at a time.</summary>
public interface IVssBackup : IDisposable
{
    /// <summary>Asks all writers what they have.</summary>
    /// <exception cref="HostException">The service fails; so it is of every call.</exception>
    IReadOnlyList<VssWriter> GatherWriters();

    /// <summary>Begins the set. The shadow copies that are made later carry its id.</summary>
    Guid StartSet();

    /// <summary>Includes what a writer has.</summary>
    void AddComponent(VssWriter writer, VssComponent component);

    /// <summary>Includes a volume, by <see cref="VssVolume.Name"/>.</summary>
    /// <returns>The id that its shadow copy will have.</returns>
    Guid AddVolume(string volume);

    /// <summary>Tells writers what is to come.</summary>
    void Prepare();

    /// <summary>Asks writers how they fare.</summary>
    IReadOnlyList<VssWriterStatus> GatherStatus();

    /// <summary>Makes the shadow copies, all of one moment.</summary>
    void MakeSnapshots();

    /// <summary>What the service tells of a shadow copy of the set.</summary>
    VssSnapshot Look(Guid snapshot);

    /// <summary>Everything that another host needs to import the set.</summary>
    string SaveDocument();

    /// <summary>Brings shadow copies that another host made to this one.</summary>
    void ImportSnapshots();

    /// <summary>Tells a component's writer what became of it.</summary>
    void SetSucceeded(VssWriter writer, VssComponent component, bool isBackedUp);

    /// <summary>Tells writers that the backup is over.</summary>
    void Complete();

    /// <summary>Tells writers that there will be no backup; to be called wherever <see cref="Complete"/> is not.
    /// </summary>
    void Abort();
}
