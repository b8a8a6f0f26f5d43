using System.Text.Json;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Explain;
using HyperVBackup.Repository.Pins;

namespace HyperVBackup.Cli.Commands;

/// <summary>Shows what keeps a restore point, and what its going would free.</summary>
internal sealed class PointExplanationText(PointExplanation explanation)
{
    public void Write(bool isJson)
    {
        if (isJson)
        {
            JsonOutput.Write(WriteJson);
        }
        else
        {
            WriteText();
        }
    }

    private void WriteJson(Utf8JsonWriter json)
    {
        RestorePoint point = explanation.Point;
        json.WriteString("restorePoint", point.Id.ToString());
        json.WriteString("vm", point.VmName.Text);
        json.WriteNumber("sequence", point.Sequence);
        json.WriteString("time", Words.Of(point.Time));
        json.WriteBoolean("pruned", explanation.IsPruned);
        json.WriteBoolean("newest", explanation.IsNewest);
        json.WriteArray("keptBy", explanation.Locks, (item, held) =>
        {
            item.WriteString("text", held.ToString());
            PinText.WriteUntil(item, held.Until);
        });
        WriteIds(json, "readers", explanation.Readers);
        WriteIds(json, "children", explanation.Children);
        if (explanation.Space is { } space)
        {
            json.WriteNumber("freesAtMost", space.Bytes);
        }
    }

    private static void WriteIds(Utf8JsonWriter json, string property, IEnumerable<SessionId> ids)
    {
        json.WriteStartArray(property);
        foreach (SessionId id in ids)
        {
            json.WriteStringValue(id.ToString());
        }

        json.WriteEndArray();
    }

    private void WriteText()
    {
        RestorePoint point = explanation.Point;
        string newest = explanation.IsNewest ? ", the newest" : "";
        Console.WriteLine(
            $"Restore point {point.Id} of {point.VmName}, number {point.Sequence}{newest}, "
            + $"{point.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC.");
        foreach (PointLock held in explanation.Locks)
        {
            Console.WriteLine($"  Kept: {held}.");
        }

        if (explanation.IsPruned || explanation.Locks.Count == 0)
        {
            Console.WriteLine(explanation.IsPruned
                ? "  It was pruned: 'collect' deletes it unless a pin keeps it."
                : "  Nothing keeps it but that no 'prune' let it go.");
        }

        if (explanation.Readers.Count > 0)
        {
            Console.WriteLine($"  Read now by {string.Join(", ", explanation.Readers)}.");
        }

        if (explanation.Children.Count > 0)
        {
            Console.WriteLine(
                $"  Made from it: {Words.OfCount(explanation.Children.Count, "point")}, which restore without it.");
        }

        Console.WriteLine(explanation.Space is { } space
            ? $"  Deleting it alone would free at most {SizeText.Format(space.Bytes)}, as of the points listed: what "
                + "no other point needs."
            : "  What deleting it would free cannot be told.");
    }
}
