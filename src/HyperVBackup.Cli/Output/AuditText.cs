using System.Globalization;
using System.Text.Json;
using HyperVBackup.Disks;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Backup;
using HyperVBackup.Operations.Proof;

namespace HyperVBackup.Cli.Output;

/// <summary>How audits of change sources are told.</summary>
internal static class AuditText
{
    /// <summary>What a backup adds for a disk: its horizon, and that and where its source was caught.</summary>
    public static void Write(Utf8JsonWriter json, DiskPoint disk, AuditFinding? finding)
    {
        if (HasHorizon(disk))
        {
            WriteHorizon(json, disk);
        }

        if (disk.Audit.Trust == SourceTrust.Distrusted)
        {
            json.WriteBoolean("sourceTrusted", false);
        }

        if (finding is not null)
        {
            json.WriteNumber("unreportedChunks", finding.ChunkCount);
            json.WriteArray("unreportedRanges", finding.Ranges, (item, range) =>
            {
                item.WriteNumber("offset", range.StartBytes);
                item.WriteNumber("length", range.LengthBytes);
            });
        }
    }

    /// <summary>The same in sentences.</summary>
    public static IEnumerable<string> Of(DiskPoint disk, AuditFinding? finding)
    {
        if (HasHorizon(disk))
        {
            yield return Horizon(disk.Audit);
        }

        if (disk.Audit.Trust == SourceTrust.Distrusted)
        {
            yield return finding is null
                ? "The change source was caught before and is not trusted."
                : "The change source was caught and is not trusted: it left out "
                    + string.Join(", ", finding.Ranges.Select(range => range.ToString())) + ".";
        }
    }

    /// <summary>What <c>stats</c> says of a disk.</summary>
    public static void Write(Utf8JsonWriter json, DiskProof proof)
    {
        json.WriteString("disk", proof.Disk.Name);
        json.WriteNumber("provenPercent", PercentOf(proof.ProvenShare));
        json.WriteString("provenSince", proof.Since.Id.ToString());
        json.WriteString("provenSinceTime", Words.Of(proof.Since.Time));
        json.WriteNumber("laterPercent", PercentOf(proof.LaterShare));
        json.WriteNumber("laterPoints", proof.LaterPointCount);
        WriteHorizon(json, proof.Disk);
        json.WriteBoolean("sourceTrusted", proof.Disk.Audit.Trust != SourceTrust.Distrusted);
    }

    /// <summary>The same in a sentence.</summary>
    public static string Of(DiskProof proof)
    {
        string later = proof.LaterPointCount == 0
            ? ""
            : $"; {Percent(proof.LaterShare)} of it within the last "
                + (proof.LaterPointCount == 1 ? "point" : $"{proof.LaterPointCount} points");
        string gone = proof.ProvenShare < 1 ? "; the rest at points that are gone" : "";
        string trust = proof.Disk.Audit.Trust == SourceTrust.Distrusted ? " The change source is not trusted." : "";
        return $"{Percent(proof.ProvenShare)} proven since {proof.Since.Id} "
            + $"({proof.Since.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss}){later}{gone}. {Horizon(proof.Disk.Audit)}{trust}";
    }

    /// <summary>Not where all was read for the point itself.</summary>
    private static bool HasHorizon(DiskPoint disk) =>
        disk.Kind == RestorePointKind.Incremental || disk.Audit.HorizonRunCount > 0;

    private static void WriteHorizon(Utf8JsonWriter json, DiskPoint disk)
    {
        if (disk.Audit.HorizonRunCount == DiskAudit.Never)
        {
            json.WriteNull("provenAfterRuns");
        }
        else
        {
            json.WriteNumber("provenAfterRuns", disk.Audit.HorizonRunCount);
        }
    }

    private static string Horizon(DiskAudit audit) => audit.HorizonRunCount switch
    {
        0 => "All proven.",
        1 => "All proven after 1 more run.",
        DiskAudit.Never => "Nothing was audited.",
        uint runs => $"All proven after {runs} more runs.",
    };

    /// <summary>Rounded down: 100 is all of it.</summary>
    private static double PercentOf(double share) => Math.Floor(share * 10_000) / 100;

    private static string Percent(double share) =>
        string.Create(CultureInfo.InvariantCulture, $"{PercentOf(share):0.##} %");
}
