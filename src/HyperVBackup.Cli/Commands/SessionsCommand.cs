using System.CommandLine;
using HyperVBackup.Cli.Output;
using HyperVBackup.Format.Points;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Sessions;

namespace HyperVBackup.Cli.Commands;

/// <summary><c>sessions</c>: shows who is at work in the repository, and ends who is not any more.</summary>
internal static class SessionsCommand
{
    private static readonly Option<string?> End = new("--end")
    {
        Description = "Give a session up that is known to be dead; one that lives all the same begins again.",
        HelpName = "ID",
    };

    private static readonly Option<bool> Force = new("--force")
    {
        Description = "With --end: also where its process still runs on this host.",
    };

    public static Command Create()
    {
        Command command = new("sessions", "Show who is at work in the repository, or end a dead session.")
        {
            End, Force,
        };
        command.SetAction((parsed, token) => CommandContext.RunAsync(parsed, RunAsync, token));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, CancellationToken token)
    {
        string? id = context.Parsed.GetValue(End);
        if (id is null && context.Parsed.GetValue(Force))
        {
            throw new UsageException("--force goes with --end ID.");
        }

        BackupRepository repository = await context.OpenAsync(token);
        if (id is not null)
        {
            SessionState state = await repository.EndSessionAsync(id, context.Parsed.GetValue(Force), token);
            WriteEnded(context, id, state);
            return ExitCodes.Done;
        }

        List<SessionAtWork> sessions = await repository.ListSessionsAsync(token);
        if (context.IsJson)
        {
            WriteJson(sessions);
        }
        else
        {
            WriteText(sessions);
        }

        return ExitCodes.Done;
    }

    private static void WriteEnded(CommandContext context, string id, SessionState state)
    {
        if (context.IsJson)
        {
            JsonOutput.Write(json =>
            {
                json.WriteString("session", id);
                json.WriteString("state", Of(state));
            });
            return;
        }

        Console.WriteLine(state == SessionState.Fenced
            ? $"Session {id} is fenced: it publishes nothing any more. What it stored is found by others."
            : $"Session {id} had published its restore point already; its lease is gone now.");
    }

    private static void WriteJson(List<SessionAtWork> sessions) => JsonOutput.Write(json =>
        json.WriteArray("sessions", sessions, (item, session) =>
        {
            item.WriteString("id", session.Id.ToString());
            item.WriteString("state", Of(session.State));
            item.WriteBoolean("processGone", session.IsProcessGone);
            if (session.Lease is Lease lease)
            {
                item.WriteString("kind", Of(lease.Kind));
                item.WriteString("started", Words.Of(lease.Started));
                item.WriteString("host", lease.Host);
                item.WriteNumber("process", lease.ProcessId);
                item.WriteNumber("collection", lease.HighestCollection);
                if (!lease.Point.IsNone)
                {
                    item.WriteString("restorePoint", lease.Point.ToString());
                }
            }

            if (session.LastSign is { } sign)
            {
                item.WriteString("lastSign", Words.Of(sign));
            }
        }));

    private static void WriteText(List<SessionAtWork> sessions)
    {
        if (sessions.Count == 0)
        {
            Console.WriteLine("Nobody is at work.");
            return;
        }

        TextTable table = new(
            "ID", "KIND", "STARTED (UTC)", "HOST", "PROCESS", "POINT", "LAST SIGN (UTC)", "STATE", "COLLECTION");
        foreach (SessionAtWork session in sessions)
        {
            Lease? lease = session.Lease;
            table.Add(
                session.Id.ToString(), lease is null ? "unreadable" : Of(lease.Kind), TextOf(lease?.Started),
                lease?.Host ?? "", session.IsProcessGone ? $"{lease!.ProcessId} (gone)" : $"{lease?.ProcessId}",
                lease is null || lease.Point.IsNone ? "" : lease.Point.ToString(), TextOf(session.LastSign),
                Of(session.State), $"{lease?.HighestCollection}");
        }

        table.WriteToConsole();
    }

    private static string TextOf(DateTimeOffset? time) => $"{time?.UtcDateTime:yyyy-MM-dd HH:mm:ss}";

    private static string Of(SessionState state) => state switch
    {
        SessionState.Open => "open",
        SessionState.Fenced => "fenced",
        SessionState.Committed => "committed",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    private static string Of(LeaseKind kind) => kind switch
    {
        LeaseKind.Backup => "backup",
        LeaseKind.Synthesize => "synthesize",
        LeaseKind.Recover => "recover",
        LeaseKind.Restore => "restore",
        LeaseKind.Verify => "verify",
        LeaseKind.Repack => "repack",
        LeaseKind.Protect => "protect",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
