using System.Text.RegularExpressions;

namespace HyperVBackup.Architecture.Sources;

/// <summary>A type or a member as its source file declares it; lines count from 1, from its first word (attributes
/// too) to its last brace or semicolon.</summary>
/// <param name="Name">For a type its name; for a member the word before its parameters, body or value.</param>
/// <param name="Header">What stands before its body, comments left out.</param>
/// <param name="Path">The types around it, outermost first.</param>
internal sealed record Declaration(
    string Name, string Header, bool IsType, int FirstLine, int LastLine, IReadOnlyList<string> Path)
{
    internal int LineCount => LastLine - FirstLine + 1;

    /// <summary>True for a field or property that is nothing but its value: a table of data may be long.</summary>
    internal bool IsData { get; } = Regex.IsMatch(Header, @"^[^=(]*=((?!>)|>\s*(new\b|\[))");

    internal bool Says(string word) => Header.Split((char[])[' ', '\n', '\r', '(', '[', ']', ')', ','],
        StringSplitOptions.RemoveEmptyEntries).Contains(word);
}
