using System.Globalization;

namespace HyperVBackup.Hosts.Wmi;

/// <summary>One object as a provider answered it: its path and its properties, as plain .NET values (text, numbers,
/// truth values, times, paths of other objects, arrays of these, or null). Immutable.</summary>
/// <param name="path">What names it.</param>
/// <param name="properties">By name; empty where a reference came with its keys alone.</param>
public sealed class CimObject(CimPath path, IReadOnlyDictionary<string, object?> properties)
{
    private readonly Dictionary<string, object?> properties =
        new(properties, StringComparer.OrdinalIgnoreCase);

    public CimPath Path => path;

    /// <summary>Null where the property is missing or empty.</summary>
    /// <exception cref="HostException">It is no text.</exception>
    public string? Text(string name) => Value(name) switch
    {
        null => null,
        string text => text,
        object other => throw Wrong(name, other),
    };

    /// <summary>A text that must be there.</summary>
    /// <exception cref="HostException">It is not.</exception>
    public string RequireText(string name) =>
        Text(name) is { Length: > 0 } text ? text : throw new HostException($"{path} says no {name}.");

    /// <summary>A whole number of any width; null where the property is missing or empty.</summary>
    /// <exception cref="HostException">It is no whole number that is not negative.</exception>
    public ulong? Number(string name) => Value(name) is object value ? AsNumber(name, value) : null;

    public bool? Truth(string name) => Value(name) switch
    {
        null => null,
        bool truth => truth,
        object other => throw Wrong(name, other),
    };

    public DateTimeOffset? Time(string name) => Value(name) switch
    {
        null => null,
        DateTimeOffset time => time,
        object other => throw Wrong(name, other),
    };

    /// <summary>Empty where the property is missing or empty.</summary>
    public IReadOnlyList<string> Texts(string name) => Value(name) switch
    {
        null => [],
        IEnumerable<string?> texts => [.. texts.Select(text => text ?? "")],
        object other => throw Wrong(name, other),
    };

    /// <inheritdoc cref="Texts"/>
    public IReadOnlyList<ulong> Numbers(string name) => Value(name) switch
    {
        null => [],
        ulong[] numbers => numbers,
        Array array => [.. array.Cast<object>().Select(item => AsNumber(name, item))],
        object other => throw Wrong(name, other),
    };

    private object? Value(string name) => properties.GetValueOrDefault(name);

    private ulong AsNumber(string name, object value)
    {
        try
        {
            return value is byte or sbyte or short or ushort or int or uint or long or ulong
                ? Convert.ToUInt64(value, CultureInfo.InvariantCulture)
                : throw Wrong(name, value);
        }
        catch (OverflowException)
        {
            throw Wrong(name, value);
        }
    }

    private HostException Wrong(string name, object value) => new(string.Create(
        CultureInfo.InvariantCulture, $"{path} says '{value}' as its {name}, which cannot be."));
}
