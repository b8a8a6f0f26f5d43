namespace HyperVBackup.Hosts.Wmi;

/// <summary>Waits for what a method began. Not thread-safe.</summary>
internal sealed class HostJobs(ICimClient cim, IWaiter waiter, Action<string> warn)
{
    public const string JobClass = "Msvm_ConcreteJob";
    private const string Affected = "Msvm_AffectedJobElement";
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    /// <summary>Waits until a method is done with what it began.</summary>
    /// <param name="what">For messages: what was asked, as in <c>making a checkpoint</c>.</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="result">The class of what it makes, and which of the values given out that is; null where
    /// nothing is.</param>
    /// <returns>What it made; null where it makes nothing, and where it does not say what.</returns>
    /// <exception cref="HostException">It failed, or nobody knows: it takes too long, or its job is gone.</exception>
    public CimPath? Complete(
        CimAnswer answer, string what, TimeSpan patience, (string Class, string Name)? result = null)
    {
        if (answer.ReturnValue == ReturnCodes.Done)
        {
            return result is { } direct ? answer.Reference(direct.Name) : null;
        }

        if (answer.ReturnValue != ReturnCodes.JobStarted)
        {
            throw new HostException(
                $"The host refuses {what}: {ReturnCodes.MeaningOf(answer.ReturnValue)}.", answer.ReturnValue);
        }

        CimPath job = answer.Job
            ?? throw new HostException($"The host says that {what} goes on, and not as which job.");
        WaitFor(job, what, patience);
        return result is { } made ? ResultOf(job, made.Class) ?? answer.Reference(made.Name) : null;
    }

    /// <summary>Waits for a job; one that is gone has ended, nobody knows how.</summary>
    /// <exception cref="HostException">It failed, is gone, or takes too long.</exception>
    public void WaitFor(CimPath job, string what, TimeSpan patience)
    {
        DateTimeOffset end = waiter.Now + patience;
        while (true)
        {
            CimObject now = cim.Get(job)
                ?? throw new HostException($"The host's job for {what} is gone: nobody knows how it ended.");
            JobState state = StateOf(now);
            if (IsFinal(state))
            {
                Judge(now, state, what);
                return;
            }

            if (waiter.Now >= end)
            {
                throw new HostException($"The host takes more than {patience.TotalSeconds:0} seconds for {what}.");
            }

            waiter.Wait(LookAgain);
        }
    }

    /// <summary>Whether a job still goes on.</summary>
    public bool IsRunning(CimPath job) => cim.Get(job) is CimObject now && !IsFinal(StateOf(now));

    /// <summary>Whether any job still changes an object.</summary>
    public bool IsAnyRunning(CimPath affected) =>
        cim.Associators(affected, Affected, JobClass).Any(job => !IsFinal(StateOf(job)));

    /// <summary>What a job made: it is asked for at once, as jobs vanish minutes after they end.</summary>
    public CimPath? ResultOf(CimPath job, string resultClass)
    {
        IReadOnlyList<CimObject> results = cim.Associators(job, Affected, resultClass);
        return results.Count == 1 ? results[0].Path : null;
    }

    private static bool IsFinal(JobState state) => state
        is JobState.Completed or JobState.Terminated or JobState.Killed or JobState.Exception
        or JobState.CompletedWithWarnings;

    private static JobState StateOf(CimObject job) =>
        (JobState)(job.Number("JobState") ?? throw new HostException($"{job.Path} says no JobState."));

    private void Judge(CimObject job, JobState state, string what)
    {
        string told = (job.Text("ErrorDescription") is { Length: > 0 } description
            ? description
            : job.Text("JobStatus") ?? "").Trim().TrimEnd('.');
        if (state == JobState.CompletedWithWarnings)
        {
            warn($"The host warns of {what}: {(told.Length == 0 ? "it does not say why" : told)}.");
        }
        else if (state != JobState.Completed)
        {
            uint code = (uint)Math.Min(job.Number("ErrorCode") ?? 0, uint.MaxValue);
            string reason = told.Length > 0
                ? told
                : code == 0 ? $"its job ended as {state}" : ReturnCodes.MeaningOf(code);
            throw new HostException($"The host fails at {what}: {reason}.{KnownFailures.HintFor(told)}", code);
        }
    }
}
