using System.Globalization;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Wmi;
using Microsoft.Management.Infrastructure;

namespace HyperVBackup.HyperV.Wmi;

/// <summary>Turns the management interface's values into plain ones, and plain ones into arguments.</summary>
internal static class MmiValues
{
    /// <summary>What <see cref="ICimClient"/> passes for a value.</summary>
    /// <param name="value">As a property or argument of the management interface has it.</param>
    /// <param name="fromInstance">Turns an instance into a path or text, by what it stands for.</param>
    public static object? ToPlain(object? value, Func<CimInstance, object?> fromInstance) => value switch
    {
        CimInstance instance => fromInstance(instance),
        CimInstance[] instances => ToPlain(instances, fromInstance),
        DateTime time => new DateTimeOffset(time).ToUniversalTime(),
        DateTime[] times => times.Select(time => new DateTimeOffset(time).ToUniversalTime()).ToArray(),
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        char letter => letter.ToString(),
        _ => value,
    };

    /// <summary>An argument of a method with its type.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="toReference">Makes of a path what stands for an object.</param>
    /// <exception cref="HostException">A method takes nothing of the kind.</exception>
    public static (object Value, CimType Type) ToArgument(
        string name, object value, Func<CimPath, CimInstance> toReference) => value switch
    {
        string => (value, CimType.String),
        bool => (value, CimType.Boolean),
        byte => (value, CimType.UInt8),
        ushort => (value, CimType.UInt16),
        uint => (value, CimType.UInt32),
        ulong => (value, CimType.UInt64),
        CimPath path => (toReference(path), CimType.Reference),
        IEnumerable<string> texts => (texts.ToArray(), CimType.StringArray),
        IEnumerable<CimPath> paths => (paths.Select(toReference).ToArray(), CimType.ReferenceArray),
        _ => throw new HostException($"The argument {name} is a {value.GetType().Name}, which WMI cannot be given."),
    };

    /// <summary>The path of an object.</summary>
    /// <param name="isReference">Whether it came with its keys alone, of which not each provider says that they are.
    /// </param>
    /// <exception cref="HostException">It has no key, or one that names nothing.</exception>
    public static CimPath ToPath(
        string cimNamespace, string className, IEnumerable<CimProperty> properties, bool isReference)
    {
        List<CimProperty> all = [.. properties];
        List<CimProperty> keys = [.. all.Where(property => property.Flags.HasFlag(CimFlags.Key))];
        List<CimProperty> named = keys.Count == 0 && isReference ? all : keys;
        return named.Count > 0 && named.TrueForAll(key => key.Value is not (null or Array))
            ? new CimPath(
                cimNamespace.Replace('/', '\\'), className,
                [.. named.Select(key => (key.Name, Convert.ToString(key.Value, CultureInfo.InvariantCulture)!))])
            : throw new HostException($"The host tells of a {className} without saying which it is.");
    }
}
