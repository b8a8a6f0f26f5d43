using System.Globalization;
using System.Text;
using System.Text.Json;
using HyperVBackup.Qemu.Qmp;
using HyperVBackup.Qemu.Tests.Kit;
using Xunit;

namespace HyperVBackup.Qemu.Tests;

/// <summary>What a backup left may end by itself while the next one takes it down; the answers are as QEMU 7.2 gives
/// them then.</summary>
public sealed class RemainsTests
{
    private const string Job = "hvb-4294967295-68eecad8s-c0";
    private const string Export = "hvb-4294967295-68eecad8s-e0";
    private const string Over = $"{{'event':'JOB_STATUS_CHANGE','data':{{'id':'{Job}','status':'concluded'}}}}\n";
    private const string Gone = $"{{'event':'BLOCK_EXPORT_DELETED','data':{{'id':'{Export}'}}}}\n";
    private const string Refusal = "'error':{'class':'GenericError','desc':'in this state it cannot'}";

    /// <summary>What the monitor says once the job was not dismissed, and the commands that follow.</summary>
    public static TheoryData<string[], string[]> EndsOfJobs => new()
    {
        { ["'return':{}", Over, "'return':{}"], ["job-cancel", "job-dismiss"] },
        { [Refusal, Jobs("concluded"), "'return':{}"], ["job-cancel", "query-jobs", "job-dismiss"] },
        { [Refusal, Jobs("aborting"), Over, "'return':{}"], ["job-cancel", "query-jobs", "job-dismiss"] },
        { [Refusal, "'return':[]", Refusal], ["job-cancel", "query-jobs", "job-dismiss"] },
    };

    public static TheoryData<string[], string[]> EndsOfExports => new()
    {
        { ["'return':{}", Gone], ["block-export-del"] },
        { [Refusal, Exports, Gone], ["block-export-del", "query-block-exports"] },
        { [Refusal, "'return':[]"], ["block-export-del", "query-block-exports"] },
    };

    private static string Exports => $"'return':[{{'id':'{Export}','type':'nbd'}}]";

    [Theory]
    [MemberData(nameof(EndsOfJobs))]
    public void A_job_is_gone_however_it_ends_meanwhile(string[] says, string[] asked) => RequireTakenDown(
        ["'return':[]", Jobs("running"), Refusal, .. says, "'return':[]"],
        ["query-block-exports", "query-jobs", "job-dismiss", .. asked, "query-named-block-nodes"]);

    [Theory]
    [MemberData(nameof(EndsOfExports))]
    public void An_export_is_gone_however_it_ends_meanwhile(string[] says, string[] asked) => RequireTakenDown(
        [Exports, .. says, "'return':[]", "'return':[]"],
        ["query-block-exports", .. asked, "query-jobs", "query-named-block-nodes"]);

    private static string Jobs(string status) => $"'return':[{{'id':'{Job}','status':'{status}'}}]";

    /// <summary>All that the monitor says was waited for, and nothing more; and only these commands were given.
    /// </summary>
    private static void RequireTakenDown(string[] says, string[] asked)
    {
        StringBuilder script = new("{'QMP':{}}\n{'return':{},'id':1}\n");
        int id = 1;
        foreach (string said in says)
        {
            bool isEvent = said.StartsWith('{');
            script.Append(isEvent ? said : string.Create(CultureInfo.InvariantCulture, $"{{{said},'id':{++id}}}\n"));
        }

        using ScriptedStream stream = new(Encoding.UTF8.GetBytes(script.Replace('\'', '"').ToString()));
        using (QmpClient client = new(Scripts.PeerOf(stream), "The monitor"))
        {
            Remains.TakeDown(client, _ => true, stopServer: false);
            Assert.False(client.IsBroken);
        }

        string told = Encoding.UTF8.GetString(stream.Told.ToArray());
        Assert.Equal(
            ["qmp_capabilities", .. asked],
            told.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement.RequiredText("execute")));
    }
}
