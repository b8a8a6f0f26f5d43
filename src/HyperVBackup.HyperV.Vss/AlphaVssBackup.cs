using System.Runtime.Versioning;
using Alphaleonis.Win32.Vss;
using HyperVBackup.Hosts.Vss;

namespace HyperVBackup.HyperV.Vss;

/// <summary>One backup: each call is one of the service's.</summary>
[SupportedOSPlatform("windows")]
internal sealed class AlphaVssBackup : IVssBackup
{
    private readonly IVssBackupComponents service;

    private AlphaVssBackup(IVssBackupComponents service) => this.service = service;

    public static AlphaVssBackup Begin(IVssBackupComponents service, VssOptions options) =>
        Begin(service, "Beginning a backup", () =>
        {
            service.InitializeForBackup(null);
            service.SetContext(AttributesOf(options));
            service.SetBackupState(
                selectComponents: options.AsksWriters, backupBootableSystemState: false, VssBackupType.Full,
                partialFileSupport: false);
        });

    public static AlphaVssBackup BeginImport(IVssBackupComponents service, string document) =>
        Begin(service, "Beginning an import", () => service.InitializeForBackup(document));

    public static VssSnapshot Of(VssSnapshotProperties found) => new(
        found.SnapshotId, found.SnapshotSetId, found.OriginalVolumeName, found.SnapshotDeviceObject);

    public IReadOnlyList<VssWriter> GatherWriters() => AlphaVssFailures.Told("Asking the writers", () =>
    {
        service.GatherWriterMetadata();
        return service.WriterMetadata.Select(writer => new VssWriter(
            writer.WriterId, writer.InstanceId, writer.WriterName,
            [.. writer.Components.Select(component => new VssComponent(
                component.LogicalPath ?? "", component.ComponentName, component.Caption ?? "",
                [.. component.Files.Select(file => Path.Join(file.Path, file.FileSpecification))]))])).ToList();
    });

    public Guid StartSet() => AlphaVssFailures.Told("Beginning a set of shadow copies", service.StartSnapshotSet);

    public void AddComponent(VssWriter writer, VssComponent component) =>
        After($"Including '{component.Caption}'", () => service.AddComponent(
            writer.InstanceId, writer.Id, VssComponentType.FileGroup, component.LogicalPath, component.Name));

    public Guid AddVolume(string volume) =>
        AlphaVssFailures.Told($"Including the volume {volume}", () => service.AddToSnapshotSet(volume));

    public void Prepare() => After("Preparing the writers", service.PrepareForBackup);

    public IReadOnlyList<VssWriterStatus> GatherStatus() => AlphaVssFailures.Told("Asking how the writers fare", () =>
    {
        service.GatherWriterStatus();
        List<VssWriterStatus> status = [.. service.WriterStatus.Select(writer => new VssWriterStatus(
            writer.ClassId, writer.Name, (int)writer.State, (uint)writer.Failure))];
        service.FreeWriterStatus();
        return status;
    });

    public void MakeSnapshots() => After("Making the shadow copies", service.DoSnapshotSet);

    public VssSnapshot Look(Guid snapshot) => AlphaVssFailures.Told(
        $"Looking at the shadow copy {snapshot}", () => Of(service.GetSnapshotProperties(snapshot)));

    public string SaveDocument() => AlphaVssFailures.Told("Saving what an import needs", service.SaveAsXml);

    public void ImportSnapshots() => After("Importing the shadow copies", service.ImportSnapshots);

    public void SetSucceeded(VssWriter writer, VssComponent component, bool isBackedUp) =>
        After($"Telling what became of '{component.Caption}'", () => service.SetBackupSucceeded(
            writer.InstanceId, writer.Id, VssComponentType.FileGroup, component.LogicalPath, component.Name,
            isBackedUp));

    public void Complete() => After("Ending the backup", service.BackupComplete);

    public void Abort() => After("Giving the backup up", service.AbortBackup);

    public void Dispose() => service.Dispose();

    /// <summary>VSS_CTX_BACKUP and its kin are made of these.</summary>
    private static VssVolumeSnapshotAttributes AttributesOf(VssOptions options) =>
        (options.AsksWriters ? 0 : VssVolumeSnapshotAttributes.NoWriters)
        | (options.IsPersistent
            ? VssVolumeSnapshotAttributes.Persistent | VssVolumeSnapshotAttributes.NoAutoRelease
            : 0)
        | (options.IsTransportable ? VssVolumeSnapshotAttributes.Transportable : 0);

    private static AlphaVssBackup Begin(IVssBackupComponents service, string what, Action step)
    {
        try
        {
            After(what, step);
            return new AlphaVssBackup(service);
        }
        catch
        {
            service.Dispose();
            throw;
        }
    }

    private static void After(string what, Action step) => AlphaVssFailures.Told(what, () =>
    {
        step();
        return true;
    });
}
