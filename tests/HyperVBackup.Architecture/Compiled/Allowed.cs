namespace HyperVBackup.Architecture.Compiled;

/// <summary>A file, or a folder ending in '/', that may do what a rule forbids elsewhere, and why.</summary>
internal sealed record Allowed(string Path, string Reason)
{
    internal bool Covers(string path) => Path.EndsWith('/')
        ? path.StartsWith(Path, StringComparison.Ordinal)
        : string.Equals(path, Path, StringComparison.Ordinal);
}
