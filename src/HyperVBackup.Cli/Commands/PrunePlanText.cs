using System.Text.Json;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository.Maintenance.Prune;
using HyperVBackup.Repository.Pins;

namespace HyperVBackup.Cli.Commands;

/// <summary>Shows what was decided about restore points.</summary>
internal sealed class PrunePlanText(PrunePlan plan, RetentionPolicy policy, bool isDryRun)
{
    public void WriteJson() => JsonOutput.Write(json =>
    {
        json.WriteBoolean("dryRun", isDryRun);
        json.WriteString("timeZone", policy.Zone.Id);
        json.WriteArray("points", plan.Decisions, (item, decision) =>
        {
            item.WriteString("id", decision.Point.Id.ToString());
            item.WriteString("vm", decision.Point.VmName.Text);
            item.WriteNumber("sequence", decision.Point.Sequence);
            item.WriteString("time", Words.Of(decision.Point.Time));
            item.WriteBoolean("goes", decision.Goes);
            item.WriteArray("reasons", decision.Reasons, WriteReason);
        });
        if (plan.Space is { } space)
        {
            json.WriteNumber("freesAtMost", space.Bytes);
        }
    });

    public void WriteText()
    {
        if (plan.Decisions.Count == 0)
        {
            Console.WriteLine("No restore points: nothing to prune.");
            return;
        }

        TextTable table = new("ID", "VM", "#", "TIME (UTC)", "", "WHY");
        foreach (PruneDecision decision in plan.Decisions)
        {
            RestorePoint point = decision.Point;
            table.Add(
                point.Id.ToString(), point.VmName.Text, $"{point.Sequence}",
                $"{point.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss}", decision.Goes ? "goes" : "stays",
                string.Join("; ", decision.Reasons));
        }

        table.WriteToConsole();
        string verb = isDryRun ? "would go" : "went";
        Console.WriteLine(
            $"{plan.GoingCount} of {Words.OfCount(plan.Decisions.Count, "point")} {verb}, "
            + $"by periods of {policy.Zone.Id}.");
        if (plan.Space is { } space)
        {
            Console.WriteLine(
                $"That frees at most {SizeText.Format(space.Bytes)}, as of the points listed: what no other point "
                + "needs. 'collect' leaves it where it is a small part of a pack.");
        }
        else if (plan.GoingCount > 0)
        {
            Console.WriteLine("Their space is freed by 'collect'.");
        }
    }

    private static void WriteReason(Utf8JsonWriter json, PruneReason reason)
    {
        json.WriteString("rule", NameOf(reason));
        if (reason.Outcome is { } outcome)
        {
            json.WriteBoolean("keeps", reason.Keeps);
            if (outcome.Period.Length > 0)
            {
                json.WriteString("period", outcome.Period);
            }

            json.WriteNumber("number", outcome.Number);
            json.WriteNumber("count", outcome.Count);
        }
        else
        {
            PinText.WriteUntil(json, reason.Lock?.Until);
        }

        json.WriteString("text", reason.ToString());
    }

    private static string NameOf(PruneReason reason) => reason switch
    {
        { Outcome: { } outcome } => JsonNamingPolicy.CamelCase.ConvertName(outcome.Rule.ToString()),
        { Lock.Kind: PointLockKind.Pinned } => "pinned",
        { Lock.Kind: PointLockKind.Unreadable } => "unreadablePin",
        { Lock: not null } => "immutable",
        _ => "lastGood",
    };
}
