using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Machines;

/// <summary>One call of a method of one of the host's services. It is made again for a while where the host is too busy
/// for it, and its job, if it makes something and has one, is noted and waited for.</summary>
/// <param name="Service">The service's class.</param>
/// <param name="What">For messages: what it is doing.</param>
/// <param name="Result">What it makes: its class, and the argument that names it; null where it makes nothing.</param>
internal sealed record ServiceCall(string Service, string Method, string What, (string Class, string Name)? Result)
{
    public required HostEnvironment Environment { get; init; }

    public required TimeSpan BusyPatience { get; init; }

    public required TimeSpan JobPatience { get; init; }

    /// <summary>Told a job's id before it is waited for.</summary>
    public required Action<string?> NoteJob { get; init; }

    /// <returns>What it made; null where the host does not say which it is.</returns>
    /// <exception cref="HostException">It failed, or did not end in time.</exception>
    public CimPath? Run(params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        CimPath path = new HostCatalog(Environment.Cim).ServiceOf(Service);
        Dictionary<string, object?> values = new(StringComparer.Ordinal);
        foreach ((string name, object? value) in arguments)
        {
            values.Add(name, value);
        }

        CimAnswer answer = Environment.Cim.Invoke(path, Method, values);
        if (ReturnCodes.IsBusy(answer.ReturnValue))
        {
            Environment.Waiter.Poll(
                () =>
                {
                    answer = Environment.Cim.Invoke(path, Method, values);
                    return !ReturnCodes.IsBusy(answer.ReturnValue);
                },
                BusyPatience);
        }

        if (Result is not null && answer.Job is CimPath job)
        {
            NoteJob(job.Keys.GetValueOrDefault("InstanceID"));
        }

        return new HostJobs(Environment.Cim, Environment.Waiter, Environment.Warn)
            .Complete(answer, What, JobPatience, Result);
    }
}
