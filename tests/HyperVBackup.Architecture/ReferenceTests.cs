using System.Text.RegularExpressions;
using HyperVBackup.Architecture.Compiled;
using Mono.Cecil;
using Xunit;

namespace HyperVBackup.Architecture;

/// <summary>Which project knows which. A project and a package appear here with the change that needs them.</summary>
public sealed class ReferenceTests
{
    /// <summary>By project: the projects beside it, and the packages.</summary>
    private static readonly Dictionary<string, (string[] Projects, string[] Packages)> Allowed = new()
    {
        ["Blake3"] = ([], []),
        ["Format"] = (["Blake3"], ["K4os.Compression.LZ4", "ZstdSharp.Port"]),
        ["Storage"] = ([], []),
        ["Disks"] = ([], []),
        ["Repository"] = (["Format", "Storage"], ["Microsoft.FASTER.Core"]),
        ["Qemu"] = (["Disks"], []),
        ["Hosts"] = (["Disks"], []),
        ["HyperV"] = (["Hosts", "Disks"], ["Microsoft.Management.Infrastructure"]),
        ["HyperV.Vss"] = (["HyperV", "Hosts"], ["AlphaVSS"]),
        ["SimulatedHost"] = (["Hosts", "Disks"], []),
        ["Operations"] = (["Repository", "Disks", "Hosts"], []),
        ["Cli"] = (
            [
                "Operations", "Hosts", "SimulatedHost", "HyperV", "HyperV.Vss", "Qemu", "Repository", "Disks",
                "Storage", "Format", "Blake3",
            ],
            ["System.CommandLine", "Spectre.Console"]),
    };

    private static readonly Dictionary<string, string> PackageOfAssembly = new()
    {
        ["ZstdSharp"] = "ZstdSharp.Port",
        ["FASTER.core"] = "Microsoft.FASTER.Core",
        ["Spectre.Console.Ansi"] = "Spectre.Console",
    };

    /// <summary>What Format may not use: it turns bytes into values and back, and asks nobody.</summary>
    private static readonly Regex InputOrOutput = new(
        @"^(System\.IO\.(File|Directory|Drive|RandomAccess|Path$|FileSystem|StreamReader|StreamWriter|Pipes"
        + @"|MemoryMapped)"
        + @"|System\.(Console|Environment)$|System\.Net\.|System\.Diagnostics\.Process|Microsoft\.Win32\."
        + @"|System\.Runtime\.InteropServices\.(LibraryImport|DllImport))");

    [Fact]
    public void Project_files_refer_one_way_only() => Rule.Holds(
        "A project refers only to those named beside it in ReferenceTests.",
        House.ProductProjects.SelectMany(path => Violations(
            path, "ProjectReference", reference => Path.GetFileNameWithoutExtension(reference.Replace('\\', '/')),
            project => [.. Reachable(project).Select(Full)])));

    [Fact]
    public void Projects_use_the_packages_listed_for_them_and_no_others() => Rule.Holds(
        "A package is used by the projects that list it in ReferenceTests only.",
        House.ProductProjects.SelectMany(path => Violations(
            path, "PackageReference", reference => reference,
            project => Allowed.GetValueOrDefault(project, ([], [])).Packages)));

    [Fact]
    public void Compiled_code_knows_only_the_projects_and_packages_below_it() => Rule.Holds(
        "An assembly refers only to what its project may.",
        from project in Product.Projects
        let name = Short(project.Key)
        from reference in project.Value.AssemblyReferences
        where !IsFramework(reference.Name)
        where !Reachable(name).Select(Full).Contains(reference.Name)
        where !Allowed[name].Packages.Contains(PackageOfAssembly.GetValueOrDefault(reference.Name, reference.Name))
        select $"src/{project.Key}: uses {reference.Name}");

    [Fact]
    public void Format_does_no_input_or_output() => Rule.Holds(
        "Format does no input or output.",
        Uses("HyperVBackup.Format").Where(use => InputOrOutput.IsMatch(use.Type)).Select(use => use.Place));

    [Fact]
    public void Only_adapters_call_the_operating_system_directly() => Rule.Holds(
        "Calls into native libraries stand in Storage/Native/ and HyperV/Native/, and in Disks: FileHoles.cs (which"
        + " ranges of a file are holes) and FileState.cs (what a write to a file changes) only.",
        from file in House.ProductSources
        where !file.IsIn("src/HyperVBackup.Storage/Native/")
            && !file.IsIn("src/HyperVBackup.HyperV/Native/")
            && file.Path is not "src/HyperVBackup.Disks/FileHoles.cs" and not "src/HyperVBackup.Disks/FileState.cs"
        from line in Enumerable.Range(0, file.CodeLines.Length)
        where Regex.IsMatch(file.CodeLines[line], @"\[[\w.]*\b(LibraryImport|DllImport)\b")
        select file.At(line + 1, file.Lines[line].Trim()));

    private static IEnumerable<string> Violations(
        string path, string element, Func<string, string> nameOf, Func<string, IReadOnlyCollection<string>> allowed)
    {
        string project = Short(Path.GetFileNameWithoutExtension(path));
        if (!Allowed.ContainsKey(project))
        {
            return [$"{path}:1: the project is not listed in ReferenceTests"];
        }

        string[] lines = House.Read(path).Split('\n');
        return from line in Enumerable.Range(0, lines.Length)
               let match = Regex.Match(lines[line], $"<{element} Include=\"([^\"]+)\"")
               where match.Success && !allowed(project).Contains(nameOf(match.Groups[1].Value))
               select FormattableString.Invariant($"{path}:{line + 1}: {nameOf(match.Groups[1].Value)}");
    }

    private static HashSet<string> Reachable(string project) =>
        [.. Allowed[project].Projects.SelectMany(below => Reachable(below).Append(below))];

    private static bool IsFramework(string assembly) =>
        File.Exists(Path.Join(Path.GetDirectoryName(typeof(object).Assembly.Location), assembly + ".dll"));

    /// <summary>Every type that a project's code or signatures name, with the line where code does.</summary>
    private static IEnumerable<(string Type, string Place)> Uses(string project)
    {
        ModuleDefinition module = Product.Projects[project];
        ILookup<string, Call> calls = Product.Calls.Where(call => call.Path.StartsWith(
            $"src/{project}/", StringComparison.Ordinal)).ToLookup(call => call.Method.DeclaringType.FullName);
        return from type in module.GetTypeReferences()
               from place in calls[type.FullName].Select(call => call.Place)
                   .DefaultIfEmpty($"src/{project}: names {type.FullName}")
               select (type.FullName, place);
    }

    private static string Short(string project) => project["HyperVBackup.".Length..];

    private static string Full(string project) => "HyperVBackup." + project;
}
