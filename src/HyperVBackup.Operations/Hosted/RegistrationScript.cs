using System.Text;
using HyperVBackup.Hosts.Configurations;

namespace HyperVBackup.Operations.Hosted;

/// <summary>Writes what an administrator runs to register a restored machine on a Hyper-V host.</summary>
internal static class RegistrationScript
{
    public const string FileName = "register.ps1";
    private const string Quotes = "'\u2018\u2019\u201A\u201B";

    /// <param name="files">The restored images' names, by the disk's name in the restore point.</param>
    public static string Of(MachineManifest manifest, IReadOnlyDictionary<string, string> files)
    {
        StringBuilder script = new();
        Line("# Registers the machine whose files are in this folder on this Hyper-V host. Run it as administrator,");
        Line("# from where the machine is to stay: its files are used where they are. It gets a new id;");
        Line("# with -AsOriginal it keeps the one that it had, which no machine of the host may have then.");
        Line("param([switch] $AsOriginal)");
        Line("$ErrorActionPreference = 'Stop'");
        Line($"$definition = Join-Path $PSScriptRoot {Quote(manifest.Definition)}");
        Line("$how = if ($AsOriginal) { @{ Register = $true } } else { @{ Copy = $true; GenerateNewId = $true; "
            + "VirtualMachinePath = $PSScriptRoot; SnapshotFilePath = $PSScriptRoot; "
            + "SmartPagingFilePath = $PSScriptRoot } }");
        Line("$report = Compare-VM -Path $definition @how");
        Line("$disks = @{");
        foreach (ManifestDisk disk in manifest.Disks)
        {
            Line($"    {Quote(disk.File)} = {Quote(files[disk.Disk])}");
        }

        Line("}");
        Line("$matched = @{}");
        Line("foreach ($drive in $report.VM.HardDrives) {");
        Line("    if (-not $disks.ContainsKey($drive.Path)) { throw \"No disk is known for $($drive.Path).\" }");
        Line("    $matched[$drive.Path] = $true");
        Line("    Set-VMHardDiskDrive -VMHardDiskDrive $drive -Path (Join-Path $PSScriptRoot $disks[$drive.Path])");
        Line("}");
        Line("if ($matched.Count -lt $disks.Count) { throw 'The definition has no drive for some of the disks.' }");
        Line("$report = Compare-VM -CompatibilityReport $report");
        Line("if ($report.Incompatibilities) { $report.Incompatibilities | Format-List; throw 'It does not fit.' }");
        Line("Import-VM -CompatibilityReport $report");
        return script.ToString();

        void Line(string text) => script.Append(text).Append("\r\n");
    }

    /// <summary>PowerShell takes typographic quotes for plain ones.</summary>
    private static string Quote(string text) =>
        $"'{string.Concat(text.Select(letter => new string(letter, Quotes.Contains(letter) ? 2 : 1)))}'";
}
