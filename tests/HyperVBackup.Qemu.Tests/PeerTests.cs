using System.Net.Sockets;
using HyperVBackup.Disks;
using HyperVBackup.Qemu.Nbd;
using HyperVBackup.Qemu.Qmp;
using HyperVBackup.Qemu.Tests.Kit;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Qemu.Tests;

/// <summary>Servers that take a connection and then say nothing, on real sockets.</summary>
public sealed class PeerTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly ManualClock clock = new();
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public PeerTests()
    {
        listener.Bind(new UnixDomainSocketEndPoint(folder.File("s")));
        listener.Listen();
    }

    public void Dispose()
    {
        listener.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_monitor_that_says_nothing_is_given_up() => await RequireGivenUpAsync(
        address => QmpClient.Open(address, clock, TimeSpan.FromSeconds(5)).Dispose(), says: []);

    [Fact]
    public async Task An_NBD_server_that_stops_in_the_middle_is_given_up() => await RequireGivenUpAsync(
        address => new NbdConnection(
            new Peer(address.Connect(), "The server", clock, TimeSpan.FromSeconds(5)), "disk", null).Dispose(),
        says: Scripts.Greeting);

    [Fact]
    public void Nobody_at_an_address_is_said()
    {
        DiskImageException failure = Assert.Throws<DiskImageException>(
            () => PeerAddress.Parse(folder.File("nobody")).Connect());
        Assert.Contains("Nobody answers at", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unix:/run/a", "/run/a")]
    [InlineData("/run/a", "/run/a")]
    [InlineData("tcp:host:10809", "tcp:host:10809")]
    [InlineData("tcp:[::1]:10809", "tcp:::1:10809")]
    public void Addresses_are_read(string text, string told) => Assert.Equal(told, PeerAddress.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("unix:")]
    [InlineData("tcp:host")]
    [InlineData("tcp::1")]
    [InlineData("tcp:host:0")]
    [InlineData("tcp:host:65536")]
    public void What_is_no_address_is_refused(string text) =>
        Assert.Throws<FormatException>(() => PeerAddress.Parse(text));

    private async Task RequireGivenUpAsync(Action<PeerAddress> talk, byte[] says)
    {
        Task<DiskImageException> talking = Task.Run(
            () => Assert.Throws<DiskImageException>(() => talk(PeerAddress.Parse(folder.File("s")))),
            TestContext.Current.CancellationToken);
        using Socket server = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        server.Send(says);
        while (clock.ArmedCount == 0)
        {
            await Task.Yield();
        }

        clock.RunOut();
        Assert.Contains("did not answer within 5 s", (await talking).Message, StringComparison.Ordinal);
    }
}
