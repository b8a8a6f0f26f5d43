using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using HyperVBackup.Cli.Tests.Faults;

namespace HyperVBackup.Cli.Tests.Indexes;

/// <summary>All that a command and those after it answer, as text: without what differs from run to run (ids, times,
/// temporary paths, how many hits are sampled), and without what <c>stats</c> says of the index itself.</summary>
internal static partial class IndexAnswers
{
    private static readonly string[] ofNoConcern =
        ["time", "econd", "index", "oldest", "structure", "path", "hitsReread"];

    /// <param name="only">The command reads only, so what it says is all.</param>
    public static async Task<string> AskAsync(
        FaultedHost host, FaultedVerb verb, IndexWorld world, bool only)
    {
        string folder = world.NewFolder();
        StringBuilder answers = new();
        Add(answers, await host.RunAsync(verb.Arguments(world.History, folder)));
        foreach (string image in Directory.EnumerateFiles(folder))
        {
            AddHash(answers, image);
        }

        if (!only)
        {
            await AddAllAsync(answers, host, folder);
        }

        Directory.Delete(folder, recursive: true);
        List<string> ids = [];
        return Id().Replace(answers.ToString(), id => Number(ids, id.Value));
    }

    private static async Task AddAllAsync(StringBuilder answers, FaultedHost host, string folder)
    {
        CommandResult listed = await host.RunAsync("list");
        Add(answers, listed);
        Add(answers, await host.RunAsync("verify", "--read-data"));
        Add(answers, await host.RunAsync("stats"));
        Add(answers, await host.RunAsync("collect", "--dry-run", "--patience", "1s"));
        foreach (JsonElement point in listed.Json().GetProperty("restorePoints").EnumerateArray())
        {
            string image = Path.Join(folder, "image");
            Add(answers, await host.RunAsync(
                "restore", point.GetProperty("id").GetString()!, "--output", image, "--format", "raw", "--force"));
            AddHash(answers, image);
        }
    }

    private static void Add(StringBuilder answers, CommandResult result)
    {
        answers.Append(CultureInfo.InvariantCulture, $"{result.ExitCode} ");
        JsonNode? document = result.Output.Length == 0 ? null : JsonNode.Parse(result.Output);
        Strip(document);
        answers.AppendLine(document?.ToJsonString());
    }

    private static void AddHash(StringBuilder answers, string path) =>
        answers.AppendLine(Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))));

    private static void Strip(JsonNode? node)
    {
        if (node is JsonObject fields)
        {
            foreach (string name in fields.Select(field => field.Key).ToArray())
            {
                if (ofNoConcern.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase)))
                {
                    fields.Remove(name);
                }
                else
                {
                    Strip(fields[name]);
                }
            }
        }
        else if (node is JsonArray items)
        {
            foreach (JsonNode? item in items)
            {
                Strip(item);
            }
        }
    }

    private static string Number(List<string> ids, string id)
    {
        if (!ids.Contains(id))
        {
            ids.Add(id);
        }

        return string.Create(CultureInfo.InvariantCulture, $"#{ids.IndexOf(id)}");
    }

    [GeneratedRegex("[a-z2-7]{26}")]
    private static partial Regex Id();
}
