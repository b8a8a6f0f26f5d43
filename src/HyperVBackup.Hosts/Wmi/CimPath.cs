using System.Text;

namespace HyperVBackup.Hosts.Wmi;

/// <summary>Names one object of a CIM provider by its class and keys. Immutable; equal where the namespace, the class
/// and all keys are, names without case.</summary>
public sealed class CimPath : IEquatable<CimPath>
{
    private readonly SortedDictionary<string, string> keys = new(StringComparer.OrdinalIgnoreCase);

    /// <exception cref="ArgumentException">A name is empty, or a key stands twice.</exception>
    public CimPath(string cimNamespace, string className, params ReadOnlySpan<(string Name, string Value)> keys)
    {
        ArgumentException.ThrowIfNullOrEmpty(cimNamespace);
        ArgumentException.ThrowIfNullOrEmpty(className);
        (Namespace, ClassName) = (cimNamespace, className);
        foreach ((string name, string value) in keys)
        {
            ArgumentException.ThrowIfNullOrEmpty(name);
            this.keys.Add(name, value);
        }
    }

    /// <summary>As in <c>root\virtualization\v2</c>.</summary>
    public string Namespace { get; }

    public string ClassName { get; }

    /// <summary>In the order of their names.</summary>
    public IReadOnlyDictionary<string, string> Keys => keys;

    public bool Equals(CimPath? other) =>
        other is not null
        && string.Equals(Namespace, other.Namespace, StringComparison.OrdinalIgnoreCase)
        && string.Equals(ClassName, other.ClassName, StringComparison.OrdinalIgnoreCase)
        && keys.Count == other.keys.Count
        && keys.All(key => other.keys.TryGetValue(key.Key, out string? value) && value == key.Value);

    public override bool Equals(object? obj) => Equals(obj as CimPath);

    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(ClassName);

    /// <summary>As a WMI object path, with backslashes and quotes escaped.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(Namespace).Append(':').Append(ClassName);
        string separator = ".";
        foreach ((string name, string value) in keys)
        {
            text.Append(separator).Append(name).Append("=\"").Append(Wql.Escape(value)).Append('"');
            separator = ",";
        }

        return text.ToString();
    }
}
