namespace HyperVBackup.Hosts.Imports;

/// <summary>
/// The steps by which a restored machine comes to a host. Each is noted before it begins. None of them touches another
/// machine: the new one is planned first, with files of its own, and there at once when the host realizes it.
/// </summary>
internal static class ImportSteps
{
    public static IReadOnlyList<ImportStep> Steps { get; } =
    [
        new(ImportStage.Idle, Enum.GetValues<ImportStage>(), "nothing of ours", ImportRemains.None),
        new(ImportStage.Writing, [ImportStage.Idle],
            "a folder that was empty, with some of the files that the notes name", ImportRemains.Files),
        new(ImportStage.Importing, [ImportStage.Writing],
            "all files, and perhaps a planned machine that the notes do not know",
            ImportRemains.Files | ImportRemains.PlannedMachine),
        new(ImportStage.Attaching, [ImportStage.Importing],
            "all files, and a planned machine that the notes name", ImportRemains.Files | ImportRemains.PlannedMachine),
        new(ImportStage.Realizing, [ImportStage.Attaching],
            "all files, and the planned machine or the machine that was made of it",
            ImportRemains.Files | ImportRemains.PlannedMachine | ImportRemains.Machine),
    ];

    public static ImportStep StepOf(ImportStage stage) => Steps[(int)stage];
}
