using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Probing;

/// <summary>Passes calls on and remembers which methods were called.</summary>
internal sealed class ObservedCim(ICimClient cim) : ICimClient
{
    private readonly List<string> called = [];

    public IReadOnlyList<string> Called => called;

    public IReadOnlyList<CimObject> Query(string cimNamespace, string wql) => cim.Query(cimNamespace, wql);

    public IReadOnlyList<CimObject> Associators(CimPath path, string associationClass, string resultClass) =>
        cim.Associators(path, associationClass, resultClass);

    public CimObject? Get(CimPath path) => cim.Get(path);

    public CimAnswer Invoke(CimPath path, string method, IReadOnlyDictionary<string, object?> arguments)
    {
        called.Add(method);
        return cim.Invoke(path, method, arguments);
    }
}
