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

    public static Command Create()
    {
        Command command = new(
            "probe",
            "Try on a machine that may be lost what no documentation of Hyper-V settles, by three checkpoints that are "
            + "gone again afterwards, and tell what holds. All its disks are read twice. Needs no repository.")
        {
            Vm,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        HostAccess host = Surroundings.Current.FindHost(context.Environment, token);
        HostTarget target = HostTargets.Of(host, [context.Parsed.GetRequiredValue(Vm)]).Due[0];
        if (target.Id is not Guid machine)
        {
            throw new HostException(target.Obstacle!);
        }

        IReadOnlyList<ProbePoint> points = HostProbe.Run(
            machine, HostEnvironments.For(context, host, target, isRecorded: _ => false));
        if (context.IsJson)
        {
            WriteJson(target, points);
        }
        else
        {
            WriteText(points);
        }

        return Task.FromResult(
            points.All(point => point.Result != ProbeResult.DoesNotHold) ? ExitCodes.Done : ExitCodes.Failed);
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
