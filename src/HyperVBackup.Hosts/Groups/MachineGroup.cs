using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Groups;

/// <summary>A VM group of a host: a Hyper-V collection of machines. Immutable.</summary>
/// <param name="Path">What names it on its host.</param>
/// <param name="Id">The collection's GUID.</param>
/// <param name="Name">What people call it; not always another one for each group.</param>
public sealed record MachineGroup(CimPath Path, Guid Id, string Name)
{
    /// <summary>All groups of machines that a host shows, by their names; none where it knows no groups, as before
    /// 2016.</summary>
    /// <exception cref="HostException">The host cannot be asked.</exception>
    public static IReadOnlyList<MachineGroup> AllOn(ICimClient cim) =>
        [.. new GroupCatalog(cim).Groups().OrderBy(group => group.Name, StringComparer.Ordinal)
            .ThenBy(group => group.Id)];

    /// <summary>Those that have a GUID or, without case, a name.</summary>
    /// <inheritdoc cref="AllOn"/>
    public static IReadOnlyList<MachineGroup> Find(ICimClient cim, string nameOrId) =>
        [.. AllOn(cim).Where(group => Guid.TryParse(nameOrId, out Guid id)
            ? group.Id == id
            : string.Equals(group.Name, nameOrId, StringComparison.OrdinalIgnoreCase))];

    /// <summary>What people call its machines, also those of other nodes.</summary>
    /// <inheritdoc cref="AllOn"/>
    public IReadOnlyList<string> MachineNames(ICimClient cim) =>
        [.. new GroupCatalog(cim).MemberNamesOf(this).Order(StringComparer.Ordinal)];
}
