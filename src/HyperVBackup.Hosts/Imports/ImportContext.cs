using HyperVBackup.Hosts.Machines;
using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Imports;

/// <summary>What the steps of one import share.</summary>
internal sealed record ImportContext(ImportOptions Options, HostEnvironment Environment, ImportJournal Journal)
{
    public const string PlannedClass = "Msvm_PlannedComputerSystem";

    public HostCatalog Catalog { get; } = new(Environment.Cim);

    public HostJobs Jobs { get; } = new(Environment.Cim, Environment.Waiter, Environment.Warn);

    /// <summary>The same for taking away what must not stay, which a cancellation leaves some time for.</summary>
    public ImportContext ForCleanUp() =>
        new(Options, Environment with { Waiter = Environment.Waiter.ForCleanUp() }, Journal);

    public List<PlannedMachine> Planned() =>
        [.. from found in Environment.Cim.Query(HostCatalog.Namespace, Wql.All(PlannedClass))
            select new PlannedMachine(found.Path, Guid.Parse(found.RequireText("Name")))];

    public PlannedMachine? FindPlanned(Guid id) => Planned().Find(planned => planned.Id == id);

    /// <summary>All settings of a machine, planned or not.</summary>
    public List<MachineSettings> SettingsOf(Guid id) => Catalog.SettingsOf(new VirtualMachine(
        new CimPath(HostCatalog.Namespace, PlannedClass), id, "", 0, null));

    /// <inheritdoc cref="Polling.Poll"/>
    public bool Poll(Func<bool> question, TimeSpan patience) => Environment.Waiter.Poll(question, patience);
}
