using System.Text.Encodings.Web;
using System.Text.Json;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>The committed folder repo-format/vectors/ and its manifest.</summary>
internal static class VectorFolder
{
    public const string ManifestName = "manifest.json";

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    public static string RepositoryRoot { get; } = FindRoot();

    public static string Folder => Path.Combine(RepositoryRoot, "repo-format", "vectors");

    public static string Manifest()
    {
        IEnumerable<object> lines = VectorSet.All.Select(vector =>
            new { vector.File, vector.Structure, vector.Fields, vector.Complaint });
        return JsonSerializer.Serialize(lines, Options) + "\n";
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "HyperVBackup.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside the source tree.");
    }
}
