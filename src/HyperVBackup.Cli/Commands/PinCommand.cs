using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Pins;
using HyperVBackup.Repository.Points;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>pin</c>: keeps a restore point, or makes one or all immutable.</summary>
internal static class PinCommand
{
    private static readonly Argument<string?> Point = new("POINT")
    {
        Description = PointArguments.Help,
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<bool> All = new("--all")
    {
        Description = "The whole repository, with all that comes yet; with --immutable-until or --remove.",
    };

    private static readonly Option<bool> Remove = new("--remove")
    {
        Description = "Take the pin away. What is immutable stays so until its time.",
    };

    private static readonly Option<DateTimeOffset?> ImmutableUntil = ImmutableOption.New(
        "Not only keep it: nothing takes it away, nor this pin, nor anything it needs,");

    private static readonly Option<bool> Force = new("--force")
    {
        Description = "With --remove: also take away pins that cannot be read, and believe the clocks where they are "
            + "more than a day past the newest restore point.",
    };

    public static Command Create()
    {
        Command command = new("pin", "Keep a restore point, whatever 'prune' is told; or make it immutable.")
        {
            Point, All, Remove, ImmutableUntil, Force,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        string? reference = context.Parsed.GetValue(Point);
        bool removes = context.Parsed.GetValue(Remove);
        DateTimeOffset? until = context.Parsed.GetValue(ImmutableUntil);
        CheckUsage(reference is not null, context.Parsed.GetValue(All), removes, until is not null);
        ImmutableOption.RequireToCome(context, ImmutableUntil);
        BackupRepository repository = await context.OpenAsync(token);
        RestorePoint? point = reference is null
            ? null
            : PointSelector.Find(await repository.ListAllPointsAsync(token), reference); // also one that was pruned
        SessionId id = point?.Id ?? default;
        PointPins pins = new(repository);
        if (removes)
        {
            await pins.RemoveAsync(id, context.Parsed.GetValue(Force), token);
        }
        else if (until is { } time)
        {
            await pins.HoldAsync(id, time, token);
        }
        else
        {
            await pins.PinAsync(id, token);
        }

        Write(context, point, await pins.ReadAsync(token));
        return ExitCodes.Done;
    }

    private static void CheckUsage(bool hasPoint, bool isAll, bool removes, bool hasTime)
    {
        if (hasPoint == isAll)
        {
            throw new UsageException("Name one restore point, or --all.");
        }

        if (removes && hasTime)
        {
            throw new UsageException("--remove takes a pin away, --immutable-until puts one: give one of them.");
        }

        if (isAll && !removes && !hasTime)
        {
            throw new UsageException("--all takes --immutable-until TIME or --remove.");
        }
    }

    private static void Write(CommandContext context, RestorePoint? point, PointLocks locks)
    {
        SessionId id = point?.Id ?? default;
        bool isPinned = locks.Of(id).Any(held => held.Kind == PointLockKind.Pinned);
        DateTimeOffset? until = PinText.ImmutableUntil(locks, id, context);
        if (context.IsJson)
        {
            JsonOutput.Write(json =>
            {
                if (point is not null)
                {
                    json.WriteString("restorePoint", id.ToString());
                    json.WriteString("vm", point.VmName.Text);
                    json.WriteBoolean("pinned", isPinned);
                }

                PinText.WriteUntil(json, until);
            });
            return;
        }

        string what = point is null ? "The whole repository" : $"Restore point {id} of {point.VmName}";
        string state = PinText.Of(isPinned, until) is { Length: > 0 } text ? text : "not pinned";
        Console.WriteLine($"{what}: {state}.");
    }
}
