using System.Text.RegularExpressions;
using HyperVBackup.Architecture.Sources;
using Xunit;

namespace HyperVBackup.Architecture;

/// <summary>What is said about code, and what is left unsaid or undone.</summary>
public sealed class CommentTests
{
    private static readonly Regex Unfinished = new(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK|X" + @"XX)\b");
    private static readonly Regex Catch = new(@"\bcatch\b[^{;]*\{(?<body>\s*)\}");

    [Fact]
    public void Nothing_is_left_for_later() => Rule.Holds(
        "What is not done is an issue, not a comment.",
        from file in House.AllSources
        from line in Enumerable.Range(0, file.Lines.Length)
        where Unfinished.IsMatch(file.Lines[line]) || file.CodeLines[line].Contains("NotImplementedException")
        select file.At(line + 1, file.Lines[line].Trim()));

    [Fact]
    public void An_empty_catch_says_why() => Rule.Holds(
        "A catch that does nothing says why in a comment.",
        from file in House.AllSources
        from match in Catch.Matches(file.Code)
        let body = match.Groups["body"]
        where string.IsNullOrWhiteSpace(file.Text.Substring(body.Index, body.Length))
        select file.At(file.LineOf(match.Index), "an empty catch"));

    [Fact]
    public void Public_types_are_documented() => Rule.Holds(
        "A public type says what it is, in a documentation comment.",
        from file in House.ProductSources
        from type in file.Declared
        where type.Path.Count == 0 && type.Says("public") && !IsDocumented(file, type)
        select file.At(type.FirstLine, type.Name));

    private static bool IsDocumented(SourceFile file, Declaration type) =>
        type.FirstLine > 1 && file.Lines[type.FirstLine - 2].TrimStart().StartsWith("///", StringComparison.Ordinal);
}
