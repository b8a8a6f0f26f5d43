using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Groups;

/// <summary>A VM group of a host: a Hyper-V collection of machines. Immutable.</summary>
/// <param name="Path">What names it on its host.</param>
/// <param name="Id">The collection's GUID.</param>
/// <param name="Name">What people call it; not always another one for each group.</param>
public sealed record MachineGroup(CimPath Path, Guid Id, string Name)
{
    /// <summary>All groups of machines that a host shows.</summary>
    /// <exception cref="HostException">The host cannot be asked.</exception>
    public static IReadOnlyList<MachineGroup> AllOn(ICimClient cim) => new GroupCatalog(cim).Groups();
}
