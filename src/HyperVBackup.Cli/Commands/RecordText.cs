using System.Text.Json;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format;
using HyperVBackup.Format.Maps;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Repository.Maintenance.Explain;

namespace HyperVBackup.Cli.Commands;

/// <summary>Shows what keeps a chunk or a pack.</summary>
internal sealed class RecordText(string kind, string name, RecordExplanation explanation)
{
    private const int ShownRangeCountMax = 3;

    private bool IsPack => kind == "pack";

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
        json.WriteString(kind, name);
        json.WriteNumber("recordCount", explanation.RecordCount);
        json.WriteNumber("recordBytes", explanation.RecordBytes);
        json.WriteNumber("neededCount", explanation.NeededCount);
        json.WriteNumber("neededBytes", explanation.NeededBytes);
        if (IsPack)
        {
            json.WriteNumber("elsewhereCount", explanation.ElsewhereCount);
        }
        else
        {
            json.WriteArray("records", explanation.Records, WriteRecord);
        }

        json.WriteStartObject("takenBy");
        json.WriteNumber("count", explanation.TakerCount);
        json.WriteBoolean("more", explanation.HasMoreTakers);
        WriteIds(json, "chunks", explanation.Takers);
        json.WriteEndObject();
        json.WriteArray("points", explanation.Points, WritePoint);
        json.WriteNumber("unreadablePacks", explanation.UnreadablePacks);
    }

    private static void WriteRecord(Utf8JsonWriter json, StoredRecord record)
    {
        json.WriteString("pack", record.Place.Pack.BlobName);
        json.WriteNumber("offset", record.Place.OffsetBytes);
        json.WriteNumber("length", record.Place.LengthBytes);
        json.WriteString("type", TypeOf(record));
        if (record.Sources.Count > 0)
        {
            WriteIds(json, "takesFrom", record.Sources);
        }
    }

    private static void WritePoint(Utf8JsonWriter json, PointUse use)
    {
        json.WriteString("id", use.Point.Id.ToString());
        json.WriteString("vm", use.Point.VmName.Text);
        json.WriteString("time", Words.Of(use.Point.Time));
        json.WriteBoolean("pruned", use.IsPruned);
        json.WriteNumber("recordCount", use.RecordCount);
        json.WriteNumber("frees", use.OwnBytes);
        json.WriteNumber("listCount", use.ListCount);
        json.WriteNumber("unreadableParts", use.UnreadableCount);
        json.WriteArray("disks", use.Disks, (item, disk) =>
        {
            item.WriteString("disk", disk.Disk);
            item.WriteNumber("rangeCount", disk.RangeCount);
            item.WriteNumber("takingChunks", disk.TakingChunkCount);
            item.WriteArray("ranges", disk.Ranges, (inner, range) =>
            {
                inner.WriteNumber("offset", range.StartBytes);
                inner.WriteNumber("length", range.LengthBytes);
            });
        });
    }

    private static void WriteIds(Utf8JsonWriter json, string property, IEnumerable<Digest> ids)
    {
        json.WriteStartArray(property);
        foreach (Digest id in ids)
        {
            json.WriteStringValue(id.ToString());
        }

        json.WriteEndArray();
    }

    private void WriteText()
    {
        Console.WriteLine(
            $"{(IsPack ? "Pack" : "Chunk")} {name}: {Words.OfCount(explanation.RecordCount, "record")}, "
            + $"{SizeText.Format(explanation.RecordBytes)}; restore points need {explanation.NeededCount} of them, "
            + $"{SizeText.Format(explanation.NeededBytes)}.");
        if (IsPack && explanation.ElsewhereCount > 0)
        {
            Console.WriteLine($"{explanation.ElsewhereCount} of them stand in other packs too.");
        }

        foreach (StoredRecord record in explanation.Records)
        {
            string from = record.Sources.Count > 0 ? $", takes pages from {string.Join(", ", record.Sources)}" : "";
            Console.WriteLine(
                $"  {record.Place.Pack.BlobName} at {record.Place.OffsetBytes}: {TypeOf(record)}, "
                + $"{SizeText.Format(record.Place.LengthBytes)}{from}");
        }

        if (explanation.TakerCount > 0)
        {
            string more = explanation.HasMoreTakers ? " and more" : "";
            Console.WriteLine(
                $"Recipes of {Words.OfCount(explanation.TakerCount, "chunk")}{more} take pages from here.");
        }

        WritePoints();
        if (explanation.UnreadablePacks > 0)
        {
            Console.WriteLine(
                $"{Words.OfCount(explanation.UnreadablePacks, "pack")} cannot be read, so recipes in them are not "
                + "known; 'verify' says more.");
        }
    }

    private void WritePoints()
    {
        if (explanation.Points.Count == 0)
        {
            Console.WriteLine("No restore point needs any of it: 'collect' may delete it.");
            return;
        }

        TextTable table = new("POINT", "VM", "TIME (UTC)", "RECORDS", "FREES ALONE", "WHERE");
        foreach (PointUse use in explanation.Points)
        {
            RestorePoint point = use.Point;
            table.Add(
                point.Id.ToString(), point.VmName.Text, $"{point.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss}",
                $"{use.RecordCount}", use.IsPruned ? "pruned" : SizeText.Format(use.OwnBytes),
                string.Join("; ", WhereOf(use)));
        }

        table.WriteToConsole();
    }

    private static IEnumerable<string> WhereOf(PointUse use)
    {
        foreach (DiskUse disk in use.Disks)
        {
            IEnumerable<string> ranges = disk.Ranges.Take(ShownRangeCountMax).Select(TextOf);
            string more = disk.RangeCount > ShownRangeCountMax
                ? $" and {disk.RangeCount - ShownRangeCountMax} more" : "";
            yield return $"{disk.Disk} {string.Join(", ", ranges)}{more}";
        }

        if (use.ListCount > 0)
        {
            yield return $"{use.ListCount} lists";
        }

        if (use.UnreadableCount > 0)
        {
            yield return $"{use.UnreadableCount} parts of its maps cannot be read";
        }
    }

    private static string TextOf(ListedRange range) => $"{range.StartBytes}+{range.LengthBytes}";

    private static string TypeOf(StoredRecord record) => record.Type == RecordType.Delta ? "recipe" : "pages";
}
