namespace HyperVBackup.Hosts.Wmi;

/// <summary>Writes the queries that are asked here.</summary>
public static class Wql
{
    /// <summary>All objects of a class.</summary>
    public static string All(string className) => $"SELECT * FROM {className}";

    /// <summary>Those of a class whose property is a text.</summary>
    public static string Where(string className, string property, string value) =>
        $"SELECT * FROM {className} WHERE {property}=\"{Escape(value)}\"";

    /// <summary>A text as it stands between quotes: instance ids are full of backslashes, each of which is doubled.
    /// </summary>
    public static string Escape(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value
            .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
    }
}
