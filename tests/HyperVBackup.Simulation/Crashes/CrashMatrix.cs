using System.Globalization;
using System.Text;

namespace HyperVBackup.Simulation.Crashes;

/// <summary>The table of repo-format/integrity.md that says which crashes are looked at. HYPERVBACKUP_WRITE_MATRIX=1
/// has it written anew.</summary>
internal sealed class CrashMatrix
{
    private const string Begin = "<!-- written by ./build.sh matrix -->\n";
    private const string End = "<!-- end -->\n";

    private readonly StringBuilder rows = new(
        "| Verb | Operations on files | Crashes | States they leave, each looked at |\n|---|---|---|---|\n");

    private int operationCount;
    private int crashCount;
    private int stateCount;

    public void Add(string verb, CrashRun run)
    {
        AddRow(verb, run.OperationCount, run.CrashCount, run.StateCount);
        operationCount += run.OperationCount;
        crashCount += run.CrashCount;
        stateCount += run.StateCount;
    }

    public void RequireOnPage()
    {
        AddRow("all", operationCount, crashCount, stateCount);
        string path = Path.Join(FindRoot(), "repo-format", "integrity.md");
        string page = File.ReadAllText(path);
        int start = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = page.IndexOf(End, StringComparison.Ordinal);
        string wanted = $"{page[..start]}{rows}{page[end..]}";
        if (Environment.GetEnvironmentVariable("HYPERVBACKUP_WRITE_MATRIX") == "1")
        {
            File.WriteAllText(path, wanted);
        }
        else if (page != wanted)
        {
            throw new InvalidOperationException(
                "The table in repo-format/integrity.md is not what is enumerated; ./build.sh matrix writes it:\n"
                + rows);
        }
    }

    private void AddRow(string verb, int operations, int crashes, int states) =>
        rows.Append(CultureInfo.InvariantCulture, $"| {verb} | {operations} | {crashes} | {states} |\n");

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Join(folder, "HyperVBackup.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The tests must run inside the repository's folder.");
    }
}
