using HyperVBackup.Format.Limits;

namespace HyperVBackup.Format.Maps;

/// <summary>One file of a virtual machine's configuration, kept as a list record; see repo-format/lists.md.</summary>
/// <param name="Name">1 to 1024 bytes of UTF-8. It comes from outside: never use it as a path unchecked.</param>
/// <param name="Content">At most 8 MiB; may be empty.</param>
public sealed record ConfigurationFile(string Name, ReadOnlyMemory<byte> Content)
{
    private const string What = "configuration file";

    /// <returns>The plain body of a list record.</returns>
    /// <exception cref="ArgumentException">The name is empty, or name or content too long.</exception>
    public byte[] Write()
    {
        ArgumentException.ThrowIfNullOrEmpty(Name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            Content.Length, FormatLimits.ConfigurationFileLengthMaxBytes, nameof(Content));
        BodyWriter body = new();
        new ListHeader(ListKind.ConfigurationFile, default, EntryCount: 1).WriteTo(
            body.Reserve(ListHeader.SizeBytes));
        body.Text(Name, FormatLimits.ConfigurationFileNameLengthMaxBytes);
        body.UInt32(Content.Length);
        body.Bytes(Content.Span);
        return body.ToArray();
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/lists.md.</exception>
    public static ConfigurationFile Read(ReadOnlySpan<byte> plain)
    {
        BodyReader body = new(plain, What);
        ListHeader.Read(ref body, ListKind.ConfigurationFile, entryCountMax: 1);
        string name = body.Text("name", FormatLimits.ConfigurationFileNameLengthMaxBytes);
        body.Require(name.Length > 0, "name");
        uint lengthBytes = body.UInt32("content length");
        body.Require(lengthBytes <= FormatLimits.ConfigurationFileLengthMaxBytes, "content length");
        byte[] content = body.Bytes((int)lengthBytes, "content").ToArray();
        body.RequireEnd();
        return new ConfigurationFile(name, content);
    }
}
