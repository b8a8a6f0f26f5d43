using System.Runtime.Versioning;
using Alphaleonis.Win32.Vss;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Vss;
using HyperVBackup.HyperV.Volumes;

namespace HyperVBackup.HyperV.Vss;

/// <summary>Asks the volume shadow copy service of this Windows host. It needs the right to make backups, and the
/// Visual C++ 2019 runtime. It was compiled against AlphaVSS 2 and never run. One thread at a time.</summary>
[SupportedOSPlatform("windows")]
public sealed class AlphaVssRequester : IVssRequester
{
    private readonly IVssFactory factory;

    private AlphaVssRequester(IVssFactory factory) => this.factory = factory;

    /// <exception cref="HostException">What the service is asked through cannot be loaded.</exception>
    public static AlphaVssRequester Load()
    {
        try
        {
            return new AlphaVssRequester(VssFactoryProvider.Default.GetVssFactory());
        }
        catch (Exception failure) when (failure is IOException or BadImageFormatException or TypeLoadException
            or UnsupportedOperatingSystemException)
        {
            throw new HostException(
                $"AlphaVSS cannot be loaded ({failure.Message}): is the Visual C++ 2019 runtime installed?",
                (uint)failure.HResult, failure);
        }
    }

    /// <inheritdoc/>
    public VssVolume VolumeOf(string path) => WindowsVolumes.VolumeOf(path);

    /// <inheritdoc/>
    public IVssBackup Begin(VssOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return AlphaVssBackup.Begin(New(), options);
    }

    /// <inheritdoc/>
    public IVssBackup BeginImport(string document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return AlphaVssBackup.BeginImport(New(), document);
    }

    /// <inheritdoc/>
    public IReadOnlyList<VssSnapshot> SnapshotsOf(Guid set) => OfAll("Asking for shadow copies", service =>
    {
        try
        {
            return service.QuerySnapshots().Where(found => found.SnapshotSetId == set).Select(AlphaVssBackup.Of)
                .ToList();
        }
        catch (VssObjectNotFoundException)
        {
            return []; // there is none at all
        }
    });

    /// <inheritdoc/>
    public void Delete(Guid snapshot) => OfAll($"Deleting the shadow copy {snapshot}", service =>
    {
        try
        {
            service.DeleteSnapshot(snapshot, forceDelete: true);
        }
        catch (VssObjectNotFoundException)
        {
            return false; // it is gone
        }

        return true;
    });

    private IVssBackupComponents New() =>
        AlphaVssFailures.Told("The volume shadow copy service", factory.CreateVssBackupComponents);

    /// <summary>Sees the shadow copies of everybody.</summary>
    private T OfAll<T>(string what, Func<IVssBackupComponents, T> ask)
    {
        using IVssBackupComponents service = New();
        return AlphaVssFailures.Told(what, () =>
        {
            service.InitializeForBackup(null);
            service.SetContext(VssSnapshotContext.All);
            return ask(service);
        });
    }
}
