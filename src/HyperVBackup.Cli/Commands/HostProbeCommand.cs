using System.CommandLine;
using HyperVBackup.Cli.Hosting;
using HyperVBackup.Cli.Output;
using HyperVBackup.Hosts;
using HyperVBackup.Hosts.Probing;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>host probe</c>: tries on a machine what no documentation of Hyper-V settles.</summary>
internal static class HostProbeCommand
{
    private static readonly Option<string> Vm = new("--vm")
    {
        Description = "A machine that may be lost, by name or GUID; its guest should write meanwhile.",
        HelpName = "VM",
        Required = true,
    };

    private static readonly Option<bool> Before = new("--before")
    {
        Description = "Only note what the disks hold, before something is done to the machine: a resize, a "
            + "compaction, a checkpoint that is applied, a migration, a crash of the host. One reference "
            + "point stays until --after.",
    };

    private static readonly Option<bool> After = new("--after")
    {
        Description = "Only compare with what --before noted: whether changes are told, or nothing is believed.",
    };

    public static Command Create()
    {
        Command command = new(
            "probe",
            "Try on a machine that may be lost what no documentation of Hyper-V settles, by three checkpoints that are "
            + "gone again afterwards, and tell what holds. All its disks are read twice. Needs no repository.")
        {
            Vm, Before, After,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        if (context.Parsed.GetValue(Before) && context.Parsed.GetValue(After))
        {
            throw new UsageException("--before and --after exclude each other.");
        }

        HostAccess host = Surroundings.Current.FindHost(context.Environment, token);
        HostTarget target = HostTargets.Of(host, [context.Parsed.GetRequiredValue(Vm)], []).Due[0];
        if (target.Id is not Guid machine)
        {
            throw new HostException(target.Obstacle!);
        }

        HostEnvironment environment = HostEnvironments.For(context, host, target, isRecorded: _ => false);
        IReadOnlyList<ProbePoint> points = Ask(context, machine, environment);
        if (context.IsJson)
        {
            WriteJson(target, points);
        }
        else if (context.Parsed.GetValue(Before))
        {
            WriteNext(target);
        }
        else
        {
            WriteText(points);
        }

        return Task.FromResult(
            points.All(point => point.Result != ProbeResult.DoesNotHold) ? ExitCodes.Done : ExitCodes.Failed);
    }

    /// <returns>None where it is only noted what is there.</returns>
    private static IReadOnlyList<ProbePoint> Ask(CommandContext context, Guid machine, HostEnvironment environment)
    {
        if (context.Parsed.GetValue(Before))
        {
            OperationProbe.Begin(machine, environment);
            return [];
        }

        return context.Parsed.GetValue(After)
            ? [OperationProbe.End(machine, environment)]
            : HostProbe.Run(machine, environment);
    }

    private static void WriteJson(HostTarget target, IReadOnlyList<ProbePoint> points) => JsonOutput.Write(json =>
    {
        json.WriteString("machine", target.Name);
        json.WriteString("node", target.Node);
        json.WriteArray("points", points, (item, point) =>
        {
            item.WriteNumber("point", point.Number);
            item.WriteString("what", point.What);
            item.WriteString("result", point.Result switch
            {
                ProbeResult.Holds => "holds",
                ProbeResult.DoesNotHold => "doesNotHold",
                _ => "notAsked",
            });
            item.WriteString("detail", point.Detail);
        });
    });

    private static void WriteNext(HostTarget target)
    {
        using StreamWriter output = new(Surroundings.Current.OpenOutput(), Console.Out.Encoding);
        output.WriteLine($"What the disks of '{target.Name}' hold is noted, and one reference point of the probe's is");
        output.WriteLine("on the host. Now have the guest write, do to the machine what is to be tried, and then:");
        output.WriteLine($"hvbackup host probe --vm {target.Id:D} --after");
    }

    private static void WriteText(IReadOnlyList<ProbePoint> points)
    {
        using StreamWriter output = new(Surroundings.Current.OpenOutput(), Console.Out.Encoding);
        TextTable table = new("POINT", "RESULT", "WHAT", "SEEN");
        foreach (ProbePoint point in points)
        {
            table.Add(
                FormattableString.Invariant($"{point.Number}"),
                point.Result switch
                {
                    ProbeResult.Holds => "holds",
                    ProbeResult.DoesNotHold => "DOES NOT HOLD",
                    _ => "not asked",
                },
                point.What, point.Detail);
        }

        table.WriteTo(output);
    }
}
