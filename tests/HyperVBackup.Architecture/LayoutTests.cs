using System.Text.RegularExpressions;
using HyperVBackup.Architecture.Sources;
using Xunit;

namespace HyperVBackup.Architecture;

/// <summary>How source files are cut: so that a newcomer finds each type where its name says.</summary>
public sealed class LayoutTests
{
    private const int FileLineCountMax = 400;
    private const int MemberLineCountMax = 60;
    private const int LineLengthMax = 120;

    private static readonly Regex ForbiddenPart =
        new("(?:^|[a-z0-9_])(?:Helper|Manager|Util|Utility|Utilitie|Common|Info)s?(?:$|[A-Z0-9_])");

    [Fact]
    public void Files_have_at_most_400_lines() => Rule.Holds(
        "A file has at most 400 lines.",
        from file in House.AllSources
        let count = file.Lines.Length - (file.Text.EndsWith('\n') ? 1 : 0)
        where count > FileLineCountMax
        select file.At(count, "the last line"));

    [Fact]
    public void Members_have_at_most_60_lines() => Rule.Holds(
        "A method or property has at most 60 lines.",
        from file in House.AllSources
        from member in file.Declared
        where !member.IsType && !member.IsData && member.LineCount > MemberLineCountMax
        select file.At(member.FirstLine, FormattableString.Invariant($"{member.Name} has {member.LineCount} lines")));

    [Fact]
    public void Lines_have_at_most_120_characters() => Rule.Holds(
        "A line has at most 120 characters.",
        from file in House.AllSources
        from line in Enumerable.Range(0, file.Lines.Length)
        where file.Lines[line].Length > LineLengthMax
        select file.At(line + 1, FormattableString.Invariant($"{file.Lines[line].Length} characters")));

    [Fact]
    public void A_file_holds_one_top_level_type_named_as_the_file() => Rule.Holds(
        "A file holds one top-level type and is named as it; one with statements only is Program.cs.",
        from file in House.AllSources
        let types = file.Declared.Where(IsTopLevelType).ToArray()
        where types.Length != 1 || types[0].Name != file.Name
        where types.Length != 0 || file.Name != "Program"
        select file.At(
            types.Select(type => type.FirstLine).FirstOrDefault(1),
            "declares " + string.Join(", ", types.Select(type => type.Name).DefaultIfEmpty("no type"))));

    [Fact]
    public void The_namespace_is_the_folder_and_file_scoped() => Rule.Holds(
        "The namespace is the folder under src/, tests/ or benchmarks/, and file-scoped.",
        from file in House.AllSources
        where file.Declared.Any(IsTopLevelType)
        let expected = file.Folder[(file.Folder.IndexOf('/') + 1)..].Replace('/', '.')
        where !Regex.IsMatch(file.Code, $@"^namespace {Regex.Escape(expected)};", RegexOptions.Multiline)
        select file.At(1, $"namespace {expected}; expected"));

    [Fact]
    public void There_are_no_regions() => Rule.Holds(
        "A file that needs regions is too long.",
        from file in House.AllSources
        from line in Enumerable.Range(0, file.Lines.Length)
        where file.Lines[line].TrimStart().StartsWith("#region", StringComparison.Ordinal)
        select file.At(line + 1, file.Lines[line].Trim()));

    [Fact]
    public void A_type_is_in_one_piece_unless_a_generator_adds_to_it() => Rule.Holds(
        "No partial types of our own; only those that a source generator completes.",
        from file in House.AllSources
        where !Regex.IsMatch(file.Code, @"\[(LibraryImport|GeneratedRegex|JsonSerializable)\b")
        from declaration in file.Declared
        where declaration.Says("partial")
        select file.At(declaration.FirstLine, declaration.Name));

    [Fact]
    public void Names_say_what_a_type_is() => Rule.Holds(
        "Helper, Manager, Utils, Common and Info say nothing.",
        (from file in House.AllSources
         from declaration in file.Declared
         where ForbiddenPart.IsMatch(declaration.Name) && !declaration.Says("override")
         select file.At(declaration.FirstLine, declaration.Name))
        .Concat(House.AllSources.Where(file => file.Path.Split('/', '.').Any(part => ForbiddenPart.IsMatch(part)))
            .Select(file => file.At(1, "the path"))));

    [Fact]
    public void Classes_are_sealed_static_or_abstract() => Rule.Holds(
        "A class is sealed, static or abstract (BenchmarkDotNet alone needs to derive from its benchmarks).",
        from file in House.AllSources
        where !file.IsIn("benchmarks/")
        from type in file.Declared
        where type.IsType && (type.Says("class") || type.Says("record")) && !type.Says("struct")
        where !type.Says("sealed") && !type.Says("static") && !type.Says("abstract")
        select file.At(type.FirstLine, type.Name));

    private static bool IsTopLevelType(Declaration declaration) =>
        declaration.Path.Count == 0 && (declaration.IsType || declaration.Says("delegate"));
}
