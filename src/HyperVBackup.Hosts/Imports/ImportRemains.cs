namespace HyperVBackup.Hosts.Imports;

/// <summary>What an import that ended in the midst of a step may leave.</summary>
[Flags]
internal enum ImportRemains
{
    None = 0,
    Files = 1,
    PlannedMachine = 2,

    /// <summary>The machine, whole: it is the end of the import and stays.</summary>
    Machine = 4,
}
