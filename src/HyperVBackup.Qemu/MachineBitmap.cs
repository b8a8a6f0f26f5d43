using System.Text.Json;
using HyperVBackup.Qemu.Qmp;

namespace HyperVBackup.Qemu;

/// <summary>A dirty bitmap that has a name, as the hypervisor describes it.</summary>
internal sealed record MachineBitmap(
    string Name, long GranularityBytes, bool IsRecording, bool IsBusy, bool IsPersistent, bool IsInconsistent)
{
    /// <summary>What the names of all our bitmaps begin with.</summary>
    public const string NamePrefix = "hvbackup-";

    public bool IsOurs => Name.StartsWith(NamePrefix, StringComparison.Ordinal);

    /// <summary>Null for one without a name, which belongs to a job.</summary>
    public static MachineBitmap? Read(JsonElement bitmap) => bitmap.Text("name") is string name
        ? new MachineBitmap(
            name, bitmap.RequiredNumber("granularity"), bitmap.Truth("recording"), bitmap.Truth("busy"),
            bitmap.Truth("persistent"), bitmap.Truth("inconsistent"))
        : null;
}
