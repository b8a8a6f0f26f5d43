namespace HyperVBackup.Architecture.Sources;

/// <summary>A C# file of this repository, read once.</summary>
/// <param name="Path">From the repository's root, with '/'.</param>
internal sealed record SourceFile(string Path, string Text)
{
    private IReadOnlyList<Declaration>? declarations;
    private string? code;

    internal string Code => code ??= CodeText.Of(Text);

    internal string[] Lines => Text.Split('\n');

    internal string[] CodeLines => Code.Split('\n');

    internal string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    internal string Folder => Path[..Path.LastIndexOf('/')];

    internal IReadOnlyList<Declaration> Declared => declarations ??= Declarations.In(Code);

    internal bool IsIn(string folder) => Path.StartsWith(folder, StringComparison.Ordinal);

    /// <summary>A violation's place and what it is.</summary>
    internal string At(int line, string what) => FormattableString.Invariant($"{Path}:{line}: {what}");

    internal int LineOf(int offset) => 1 + Text.AsSpan(0, offset).Count('\n');
}
