namespace HyperVBackup.Hosts.Wmi;

/// <summary>
/// What is asked of a host's WMI providers. Nothing else than plain .NET values passes: text, numbers, truth values,
/// <see cref="DateTimeOffset"/>, <see cref="CimPath"/>, and arrays of these; embedded objects are text, as
/// <see cref="EmbeddedInstance"/> writes it. Used by one thread at a time.
/// </summary>
public interface ICimClient
{
    /// <summary>The objects that a query finds.</summary>
    /// <exception cref="HostException">The host cannot be asked, or refuses.</exception>
    IReadOnlyList<CimObject> Query(string cimNamespace, string wql);

    /// <summary>The objects of one class that an association ties to an object; none where that is gone.</summary>
    /// <exception cref="HostException">The host cannot be asked, or refuses.</exception>
    IReadOnlyList<CimObject> Associators(CimPath path, string associationClass, string resultClass);

    /// <summary>The object with all its properties, or null where it is gone.</summary>
    /// <exception cref="HostException">The host cannot be asked, or refuses.</exception>
    CimObject? Get(CimPath path);

    /// <summary>Calls a method of an object.</summary>
    /// <exception cref="HostException">The host cannot be asked, refuses, or has no such object.</exception>
    CimAnswer Invoke(CimPath path, string method, IReadOnlyDictionary<string, object?> arguments);
}
