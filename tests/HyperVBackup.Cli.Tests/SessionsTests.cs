using System.Text.Json;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations;
using HyperVBackup.Repository;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Storage;
using Xunit;

namespace HyperVBackup.Cli.Tests;

public sealed class SessionsTests : IDisposable
{
    private const uint NoProcess = int.MaxValue - 1;
    private readonly HvBackup hvbackup = new();

    [Fact]
    public async Task Who_is_at_work_is_shown_and_a_dead_session_can_be_ended()
    {
        await hvbackup.InitAsync();
        Assert.Contains(
            "Nobody", (await hvbackup.RunPlainAsync("sessions")).Output, StringComparison.Ordinal);
        using FolderStore store = new(hvbackup.Repository);
        BackupRepository repository = await BackupRepository.OpenAsync(
            store, ThisHost.NewEnvironment() with { ProcessId = NoProcess, StateFolder = null });
        WritingSession dead = await repository.OpenWritingSessionAsync(LeaseKind.Backup, default);

        JsonElement shown = Assert.Single(
            (await hvbackup.RunAsync("sessions")).Json().GetProperty("sessions").EnumerateArray());
        Assert.Equal(
            ["id", "state", "processGone", "kind", "started", "host", "process", "collection"],
            shown.EnumerateObject().Select(property => property.Name));
        Assert.Equal(dead.Id.ToString(), shown.GetProperty("id").GetString());
        Assert.Equal("open", shown.GetProperty("state").GetString());
        Assert.True(shown.GetProperty("processGone").GetBoolean());
        Assert.Equal("backup", shown.GetProperty("kind").GetString());
        Assert.Equal(Environment.MachineName, shown.GetProperty("host").GetString());
        Assert.Equal(NoProcess, shown.GetProperty("process").GetUInt32());
        Assert.Contains(
            dead.Id.ToString(), (await hvbackup.RunPlainAsync("sessions")).Output, StringComparison.Ordinal);

        JsonElement ended = (await hvbackup.RunAsync("sessions", "--end", dead.Id.ToString()[..6])).Json();
        Assert.Equal(["session", "state"], ended.EnumerateObject().Select(property => property.Name));
        Assert.Equal("fenced", ended.GetProperty("state").GetString());
        await Assert.ThrowsAsync<SessionFencedException>(() => dead.ThrowIfFencedAsync(default));
        Assert.Empty((await hvbackup.RunAsync("sessions")).Json().GetProperty("sessions").EnumerateArray());
    }

    [Fact]
    public async Task Only_a_session_that_is_there_is_ended()
    {
        await hvbackup.InitAsync();
        CommandResult result = await hvbackup.RunAsync("sessions", "--end", "abc");
        Assert.Contains("No session 'abc'", result.Failure(), StringComparison.Ordinal);
        result = await hvbackup.RunAsync("sessions", "--force");
        Assert.Contains("--end ID", result.WrongUsage(), StringComparison.Ordinal);
    }

    public void Dispose() => hvbackup.Dispose();
}
