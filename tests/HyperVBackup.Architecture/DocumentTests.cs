using System.Text.RegularExpressions;
using Xunit;

namespace HyperVBackup.Architecture;

/// <summary>What SPEC.md promises and lists is so; and every file speaks of this project alone.</summary>
public sealed class DocumentTests
{
    private const string Specification = "SPEC.md";
    private static readonly Regex Promise = new(@"^\|\s*P\d");
    private static readonly Regex TestName = new(@"\b(?<class>\w+)\.(?<method>\w+)\b");

    /// <summary>Cut in two, so that this file does not break its own rule.</summary>
    private static readonly Regex Workplace = new(
        @"(?<![\w.\-])/(wo" + @"rk|fa" + @"rm)/|sessions? of w" + @"ork|nuget\.o" + @"rg|npmjs\.c" + @"om"
        + @"|pypi\.o" + @"rg"
        + @"|crates\.i" + @"o|\bsub-?ag" + @"ent|helper s" + @"ession|\b(?-i:CE" + @"O)\b",
        RegexOptions.IgnoreCase);

    private static readonly HashSet<string> BinaryExtensions = [".bin", ".vhdx", ".vhd", ".img", ".png", ".gz", ".zst"];

    [Fact]
    public void Every_package_has_a_line_in_the_specification_that_says_why() => Rule.Holds(
        "Directory.Packages.props and the table under SPEC.md's \"Packages\" list the same, each with a reason.",
        Packages().Except(Reasons()).Select(name => $"{Specification}:1: no line with a reason for {name}")
            .Concat(Reasons().Except(Packages()).Select(name => $"{Specification}:1: {name} is no package of ours")));

    [Fact]
    public void Every_promise_names_a_test_that_exists()
    {
        HashSet<string> tests = TestMethods();
        Rule.Holds(
            "A line '| P1 | promise | Class.Method |' names at least one test, and each exists.",
            from line in Lines(Specification)
            where Promise.IsMatch(line.Text)
            let cells = line.Text.Trim().Trim('|').Split('|')
            let names = TestName.Matches(cells[^1]).Select(match => match.Value).DefaultIfEmpty("no test")
            from name in cells.Length == 3 ? names : ["not three columns"]
            where !tests.Contains(name)
            select FormattableString.Invariant($"{Specification}:{line.Number}: {cells[0].Trim()}: {name}"));
    }

    [Fact]
    public void Promises_have_numbers_of_their_own() => Rule.Holds(
        "A promise's number is never used twice.",
        Lines(Specification).Where(line => Promise.IsMatch(line.Text))
            .GroupBy(line => line.Text.Trim().Trim('|').Split('|')[0].Trim()).Where(same => same.Count() > 1)
            .SelectMany(same => same.Select(line =>
                FormattableString.Invariant($"{Specification}:{line.Number}: {same.Key}"))));

    [Fact]
    public void Files_speak_of_this_project_alone() => Rule.Holds(
        "No file names the place where it was written, or its tools.",
        from path in House.FilePaths
        where !BinaryExtensions.Contains(Path.GetExtension(path)) && Path.GetFileName(path) != "packages.lock.json"
        from line in Lines(path)
        where Workplace.IsMatch(line.Text)
        select FormattableString.Invariant($"{path}:{line.Number}: {Workplace.Match(line.Text).Value}"));

    private static IEnumerable<(int Number, string Text)> Lines(string path) =>
        House.Read(path).Split('\n').Select((text, index) => (index + 1, text));

    private static IEnumerable<string> Packages() =>
        Regex.Matches(House.Read("Directory.Packages.props"), "<PackageVersion Include=\"([^\"]+)\"")
            .Select(match => match.Groups[1].Value);

    /// <summary>The names in the first column of the table under "## Packages", where the last says
    /// something.</summary>
    private static IEnumerable<string> Reasons() =>
        from line in Lines(Specification).SkipWhile(line => !Regex.IsMatch(line.Text, "^## .*Packages"))
            .Skip(1).TakeWhile(line => !line.Text.StartsWith("## ", StringComparison.Ordinal))
        let cells = line.Text.Trim().Trim('|').Split('|')
        where line.Text.TrimStart().StartsWith('|') && cells.Length > 1 && cells[^1].Trim().Length > 10
        let name = cells[0].Trim().Trim('`')
        where Regex.IsMatch(name, @"^[\w.]+$") && name != "package"
        select name;

    /// <summary>Class.Method of every test, those a class inherits too.</summary>
    private static HashSet<string> TestMethods()
    {
        var classes = House.AllSources.Where(file => file.IsIn("tests/"))
            .SelectMany(file => file.Declared).Where(type => type.IsType && type.Says("class")).ToArray();
        ILookup<string, string> methods = House.AllSources.Where(file => file.IsIn("tests/"))
            .SelectMany(file => file.Declared)
            .Where(member => !member.IsType && member.Path.Count > 0
                && Regex.IsMatch(member.Header, @"\[[^]]*(Fact|Theory|Property)\b"))
            .ToLookup(member => member.Path[^1], member => member.Name);
        return [.. from type in classes
                   from declaring in classes.Where(other => other.Name == type.Name
                       || Regex.IsMatch(type.Header, $@":[^{{]*\b{Regex.Escape(other.Name)}\b"))
                   from method in methods[declaring.Name]
                   select $"{type.Name}.{method}"];
    }
}
