using System.Text.RegularExpressions;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace HyperVBackup.Architecture.Compiled;

/// <summary>The product's compiled projects, which lie beside the test, with the lines their code came from.</summary>
internal static class Product
{
    private static readonly Lazy<IReadOnlyList<Call>> AllCalls = new(FindCalls);

    /// <summary>By name, as of the folder: <c>HyperVBackup.Format</c>. The assembly may be called otherwise.</summary>
    /// <remarks>What is in no solution is compiled nowhere here: its package is for Windows alone.</remarks>
    internal static IReadOnlyDictionary<string, ModuleDefinition> Projects { get; } = House.ProductProjects
        .Where(path => House.Read("HyperVBackup.sln").Contains(
            Path.GetFileName(path), StringComparison.Ordinal))
        .ToDictionary(path => Path.GetFileNameWithoutExtension(path), Load);

    internal static IReadOnlyList<Call> Calls => AllCalls.Value;

    private static ModuleDefinition Load(string project)
    {
        Match assembly = Regex.Match(House.Read(project), "<AssemblyName>(.+)</AssemblyName>");
        string name = assembly.Success ? assembly.Groups[1].Value : Path.GetFileNameWithoutExtension(project);
        return ModuleDefinition.ReadModule(
            Path.Join(AppContext.BaseDirectory, name + ".dll"), new ReaderParameters { ReadSymbols = true });
    }

    private static IReadOnlyList<Call> FindCalls() => [.. Projects.Values.SelectMany(CallsOf)];

    private static IEnumerable<Call> CallsOf(ModuleDefinition module) =>
        module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody).SelectMany(CallsOf);

    private static IEnumerable<Call> CallsOf(MethodDefinition method)
    {
        SequencePoint? place = null;
        foreach (Instruction instruction in method.Body.Instructions)
        {
            SequencePoint? here = method.DebugInformation.GetSequencePoint(instruction);
            place = here is null || here.IsHidden ? place : here;
            if (instruction.Operand is MethodReference target)
            {
                string name = $"{target.DeclaringType.GetElementType().FullName}.{target.Name.TrimStart('.')}";
                yield return new Call(name, target, PathOf(method, place), place?.StartLine ?? 0);
            }
        }
    }

    private static string PathOf(MethodDefinition method, SequencePoint? place)
    {
        string url = place?.Document.Url.Replace('\\', '/') ?? "";
        int start = url.LastIndexOf("/src/HyperVBackup.", StringComparison.Ordinal);
        return start < 0 ? method.Module.Name + " " + method.FullName : url[(start + 1)..];
    }
}
