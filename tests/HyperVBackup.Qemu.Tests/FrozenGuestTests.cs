using HyperVBackup.Disks;
using HyperVBackup.Qemu.Tests.Kit;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Qemu.Tests;

public sealed class FrozenGuestTests : IDisposable
{
    private const string Freeze = "guest-fsfreeze-freeze";
    private const string Thaw = "guest-fsfreeze-thaw";
    private const string Count = "{\"return\": 2}";
    private const string None = "{\"return\": 0}";
    private const string Error = "{\"error\": {\"class\": \"GenericError\", \"desc\": \"cannot\"}}";

    private readonly TestFolder folder = new();
    private readonly ManualClock clock = new();
    private readonly List<string> warnings = [];
    private int actCount;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Count, Count, true)]
    [InlineData(None, None, false)]
    [InlineData(Error, None, false)]
    [InlineData("[]", None, false)]
    [InlineData("{\"return\": \"2\"}", Count, false)]
    [InlineData(Count, None, false)] // it gave up before the view was taken
    [InlineData(Count, Error, false)]
    public void What_was_frozen_is_thawed_and_the_backup_is_consistent_only_if_it_stayed_so(
        string toFreeze, string toThaw, bool isConsistent)
    {
        using FakeAgent agent = new(folder.File("agent"), command => command == Freeze ? toFreeze : toThaw);
        Assert.Equal(isConsistent, Run(requireConsistent: false));
        Assert.Equal(1, actCount);
        Assert.Equal([Freeze, Thaw], agent.Commands.Distinct());
        if (!isConsistent)
        {
            Assert.Throws<DiskImageException>(() => Run(requireConsistent: true));
        }
    }

    [Fact]
    public void Where_nobody_answers_a_backup_is_not_consistent()
    {
        Assert.False(Run(requireConsistent: false));
        Assert.Contains("Nobody answers at", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Throws<DiskImageException>(() => Run(requireConsistent: true));
        Assert.Equal(1, actCount);
    }

    [Fact]
    public void A_view_that_cannot_be_taken_leaves_nothing_frozen()
    {
        using FakeAgent agent = new(folder.File("agent"), _ => Count);
        Assert.Throws<InvalidOperationException>(() => FrozenGuest.Run(
            Options(requireConsistent: true), Environment(), () => throw new InvalidOperationException()));
        Assert.Equal([Freeze, Thaw], agent.Commands);
    }

    /// <summary>The freeze may still come through in the guest.</summary>
    [Fact]
    public async Task A_guest_that_does_not_answer_in_time_is_thawed()
    {
        using FakeAgent agent = new(folder.File("agent"), command => command == Thaw ? Count : null);
        Task<bool> running = Task.Run(
            () => Run(requireConsistent: false), TestContext.Current.CancellationToken);
        while (!agent.Commands.Contains(Freeze))
        {
            await Task.Yield();
        }

        clock.RunOut();
        Assert.False(await running);
        Assert.Equal([Freeze, Thaw], agent.Commands);
        Assert.Contains("did not answer within 20 s", warnings[0], StringComparison.Ordinal);
    }

    private bool Run(bool requireConsistent) =>
        FrozenGuest.Run(Options(requireConsistent), Environment(), () => actCount++);

    private QemuOptions Options(bool requireConsistent) => new()
    {
        Monitor = PeerAddress.Parse("nobody"),
        GuestAgent = PeerAddress.Parse(folder.File("agent")),
        RequireConsistent = requireConsistent,
        ScratchFolder = folder.Path,
        Nodes = ["d0"],
    };

    private QemuEnvironment Environment() => new()
    {
        Clock = clock,
        Randomness = bytes => bytes.Fill(7),
        Warn = warnings.Add,
    };
}
