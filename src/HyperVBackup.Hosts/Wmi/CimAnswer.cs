namespace HyperVBackup.Hosts.Wmi;

/// <summary>What a method answered.</summary>
/// <param name="ReturnValue">0 where it is done, <see cref="ReturnCodes.JobStarted"/> where it goes on.</param>
/// <param name="Out">What it gives out, by name; a reference is a <see cref="CimPath"/>, however much of the object
/// came with it.</param>
/// <param name="Job">What goes on, if so: its keys, so that it is asked for before anything of it is believed.</param>
public sealed record CimAnswer(uint ReturnValue, IReadOnlyDictionary<string, object?> Out, CimPath? Job)
{
    /// <summary>A reference that is given out; null where it is empty, as it may be beside a job.</summary>
    public CimPath? Reference(string name) => Out.GetValueOrDefault(name) as CimPath;
}
