using System.Diagnostics;
using System.Globalization;

namespace HyperVBackup.Benchmarks.Index;

/// <summary>Time that passed on the clock, and processor time of the whole process: on a busy machine the second is
/// nearer to what the work costs.</summary>
internal readonly record struct Timing(TimeSpan Clock, TimeSpan Processor)
{
    private static readonly Process self = Process.GetCurrentProcess();

    public static Timing operator -(Timing end, Timing start) =>
        new(end.Clock - start.Clock, end.Processor - start.Processor);

    public static Timing operator +(Timing one, Timing other) =>
        new(one.Clock + other.Clock, one.Processor + other.Processor);

    public static Timing Now()
    {
        self.Refresh();
        return new Timing(Stopwatch.GetElapsedTime(0), self.TotalProcessorTime);
    }

    /// <summary>Millions a second by the clock, and by processor time.</summary>
    public string Rate(long count) => string.Create(
        CultureInfo.InvariantCulture,
        $"{count / Clock.TotalSeconds / 1e6:F2} M/s ({count / Processor.TotalSeconds / 1e6:F2} by processor time)");

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Clock.TotalMilliseconds:N0} ms (processor {Processor.TotalMilliseconds:N0})");
}
