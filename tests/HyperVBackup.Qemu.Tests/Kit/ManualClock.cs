namespace HyperVBackup.Qemu.Tests.Kit;

/// <summary>A clock whose timers fire when the test says so. Thread-safe.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly List<ManualTimer> timers = [];

    /// <summary>Timers that wait for something.</summary>
    public int ArmedCount
    {
        get
        {
            lock (timers)
            {
                return timers.Count(timer => timer.IsArmed);
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ManualTimer timer = new(() => callback(state));
        lock (timers)
        {
            timers.Add(timer);
        }

        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Whatever is waited for is now too late.</summary>
    public void RunOut()
    {
        List<ManualTimer> armed;
        lock (timers)
        {
            armed = timers.FindAll(timer => timer.IsArmed);
        }

        armed.ForEach(timer => timer.Fire());
    }

    private sealed class ManualTimer(Action fire) : ITimer
    {
        public volatile bool IsArmed;

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            IsArmed = dueTime >= TimeSpan.Zero;
            return true;
        }

        public void Dispose() => IsArmed = false;

        public ValueTask DisposeAsync()
        {
            IsArmed = false;
            return ValueTask.CompletedTask;
        }
    }
}
