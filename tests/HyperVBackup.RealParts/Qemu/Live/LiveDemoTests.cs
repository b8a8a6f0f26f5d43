using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Qemu.Live;

/// <summary><c>./build.sh demo-live</c> runs the long one and shows what it says.</summary>
public sealed class LiveDemoTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_point_of_a_guest_that_writes_and_loses_its_power_holds_what_was_flushed_before_it()
    {
        LiveDemo demo = Run(TimeSpan.Zero, TimeSpan.Zero, killCount: 1, output.WriteLine);
        Assert.True(demo.Points.Count == 4);
    }

    [Fact(Explicit = true)]
    public void Two_minutes_and_two_power_losses()
    {
        LiveDemo demo = Run(
            TimeSpan.FromSeconds(120), TimeSpan.FromSeconds(4), killCount: 2, Console.Out.WriteLine);
        Assert.True(demo.Points.Count > 5);
    }

    private static LiveDemo Run(TimeSpan length, TimeSpan pause, int killCount, Action<string> say)
    {
        using TestFolder folder = new();
        using LiveDemo demo = new(folder, length, pause, killCount, say);
        demo.Run();
        Assert.Empty(demo.Violations);
        Assert.Equal(killCount, demo.PowerLossCount);
        return demo;
    }
}
