using HyperVBackup.Hosts.Wmi;

namespace HyperVBackup.Hosts.Machines;

/// <summary>Calls methods of the host's services. A call that the host is too busy for is made again for a while; the
/// job of one that makes something is noted, and waited for. Not thread-safe.</summary>
/// <param name="noteJob">Told a job's id before it is waited for.</param>
internal sealed class ServiceCalls(
    HostEnvironment environment, TimeSpan busyPatience, TimeSpan jobPatience, Action<string?> noteJob)
{
    private readonly HostCatalog catalog = new(environment.Cim);
    private readonly HostJobs jobs = new(environment.Cim, environment.Waiter, environment.Warn);

    /// <param name="service">The service's class.</param>
    /// <param name="what">For messages: what the host is asked for.</param>
    /// <param name="result">What it makes: its class, and the argument that names it; null where it makes nothing.
    /// </param>
    /// <returns>What it made; null where the host does not say which it is.</returns>
    /// <exception cref="HostException">It failed, or did not end in time.</exception>
    public CimPath? Call(
        string service, string method, string what, (string Class, string Name)? result,
        params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        CimPath path = catalog.ServiceOf(service);
        Dictionary<string, object?> values = new(StringComparer.Ordinal);
        foreach ((string name, object? value) in arguments)
        {
            values.Add(name, value);
        }

        CimAnswer answer = environment.Cim.Invoke(path, method, values);
        if (ReturnCodes.IsBusy(answer.ReturnValue))
        {
            environment.Waiter.Poll(
                () =>
                {
                    answer = environment.Cim.Invoke(path, method, values);
                    return !ReturnCodes.IsBusy(answer.ReturnValue);
                },
                busyPatience);
        }

        if (result is not null && answer.Job is CimPath job)
        {
            noteJob(job.Keys.GetValueOrDefault("InstanceID"));
        }

        return jobs.Complete(answer, what, jobPatience, result);
    }
}
