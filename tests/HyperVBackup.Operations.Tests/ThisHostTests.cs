using HyperVBackup.Format;
using HyperVBackup.Format.Points;
using HyperVBackup.Operations.Tests.Kit;
using HyperVBackup.Repository.Sessions;
using HyperVBackup.Testing.Stores;
using Xunit;

namespace HyperVBackup.Operations.Tests;

/// <summary>Containers may share a host's name, and still number their processes each for itself.</summary>
public sealed class ThisHostTests
{
    private const string Container = "pid:[4026532210]";

    [Theory]
    [InlineData(null, null, true)]
    [InlineData(Container, Container, true)]
    [InlineData(Container, "pid:[4026532499]", false)]
    [InlineData(Container, null, false)]
    public async Task A_session_is_given_up_only_by_who_sees_the_same_processes(string? its, string? mine, bool isMine)
    {
        MemoryStore store = new();
        await Bench.MakeAsync(store, 1);
        Bench other = await Bench.OpenAsync(
            store, Bench.NewEnvironment(2) with { HostName = ThisHost.NameOf("host", its) });
        await using WritingSession working = await other.Repository.OpenWritingSessionAsync(
            LeaseKind.Backup, CancellationToken.None);
        Bench own = await Bench.OpenAsync(
            store, Bench.NewEnvironment(3) with
            {
                HostName = ThisHost.NameOf("host", mine),
                IsProcessAlive = _ => false,
            });
        await using (await own.Repository.OpenWritingSessionAsync(LeaseKind.Backup, CancellationToken.None))
        {
            Assert.Equal(!isMine, store.Names.Any(name => name.Path == FileNames.Lease(working.Id)));
        }
    }

    [Fact]
    public void Outside_of_containers_the_name_is_the_machines_alone()
    {
        Assert.Equal("host", ThisHost.NameOf("host", "pid:[4026531836]"));
        Assert.StartsWith(Environment.MachineName, ThisHost.NewEnvironment().HostName, StringComparison.Ordinal);
    }
}
