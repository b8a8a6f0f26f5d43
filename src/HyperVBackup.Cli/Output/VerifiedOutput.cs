using System.Globalization;
using System.Text.Json;
using HyperVBackup.Repository.Maintenance;

namespace HyperVBackup.Cli.Output;

/// <summary>Says what of the repository was verified when.</summary>
internal static class VerifiedOutput
{
    public static void WriteJson(Utf8JsonWriter json, VerifiedShares verified)
    {
        json.WriteStartObject("verified");
        json.WriteNumber("totalBytes", verified.TotalBytes);
        for (int index = 0; index < VerifiedShares.Days.Count; index++)
        {
            json.WriteNumber(
                string.Create(CultureInfo.InvariantCulture, $"bytesWithin{VerifiedShares.Days[index]}Days"),
                verified.BytesWithin[index]);
        }

        json.WriteNumber("neverBytes", verified.NeverBytes);
        json.WriteNumber("rotationPercent", Math.Round(verified.RotationShare * PercentText.Max, 2));
        WriteTime(json, "oldest", verified.Oldest);
        WriteTime(json, "structure", verified.StructureTime);
        json.WriteEndObject();
    }

    public static void AddTo(TextTable table, VerifiedShares verified)
    {
        for (int index = 0; index < VerifiedShares.Days.Count; index++)
        {
            string days = VerifiedShares.Days[index] == 1 ? "day" : $"{VerifiedShares.Days[index]} days";
            table.Add($"Packs read by 'verify' within the last {days}", ShareOf(verified.BytesWithin[index], verified));
        }

        table.Add("Packs never read by it", ShareOf(verified.NeverBytes, verified));
        table.Add("The longest ago that any other was", TextOf(verified.Oldest));
        table.Add("Maps, points and footers, all of them", TextOf(verified.StructureTime));
    }

    private static string ShareOf(long bytes, VerifiedShares verified)
    {
        double percent = verified.TotalBytes == 0 ? 0 : PercentText.Max * bytes / verified.TotalBytes;
        return $"{percent:0.#} %, {SizeText.Format(bytes)}";
    }

    private static string TextOf(DateTimeOffset? time) =>
        time is { } known ? $"{known.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC" : "never";

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            json.WriteString(name, known.UtcDateTime);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
