using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Configurations;
using HyperVBackup.Hosts.Imports;
using HyperVBackup.Hosts.Machines;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Imports;

public sealed class ImportStepsTests
{
    [Fact]
    public void Every_stage_has_its_step_with_what_is_durable_and_what_may_be_left()
    {
        Assert.Equal(Enum.GetValues<ImportStage>(), ImportSteps.Steps.Select(step => step.Stage));
        Assert.All(ImportSteps.Steps, step => Assert.NotEmpty(step.Durable));
        Assert.All(ImportSteps.Steps, step => Assert.Same(step, ImportSteps.StepOf(step.Stage)));
    }

    [Fact]
    public void Notes_are_read_as_they_were_written_and_damaged_ones_are_told()
    {
        ImportNotes notes = new()
        {
            Stage = ImportStage.Realizing,
            Folder = "folder",
            Files = ["a", "b"],
            AsOriginal = true,
            PlannedBefore = [Guid.Parse("00000000-0000-0000-0000-000000000001")],
            Job = "job",
            Planned = Guid.Parse("00000000-0000-0000-0000-000000000002"),
        };
        string text = notes.ToText();
        Assert.Equal(text, ImportNotes.Parse(text)!.ToText());
        for (int length = 0; length < text.Length; length++)
        {
            Assert.Null(ImportNotes.Parse(text[..length]));
        }

        Assert.Null(ImportNotes.Parse("""{"Stage":77}"""));
        Assert.Null(ImportNotes.Parse("""{"Files":[null]}"""));
        List<string> warnings = [];
        using ImportJournal journal = new(new Damaged(), warnings.Add);
        Assert.Equal(ImportStage.Idle, journal.Notes.Stage);
        Assert.Single(warnings);
        Assert.Throws<InvalidOperationException>(() => journal.Enter(ImportStage.Realizing, notes => notes));
    }

    [Fact]
    public void A_disk_is_matched_by_its_image_or_its_place_and_never_by_order()
    {
        MachineManifest manifest = Manifest(("a", @"C:\a.vhdx", @"X\0\0\L"), ("b", @"C:\b.vhdx", @"X\0\1\L"));
        Dictionary<string, string> files = new() { ["a"] = @"D:\a.vhdx", ["b"] = @"D:\b.vhdx" };
        AttachedDisk first = new(@"Microsoft:1\X\0\0\L", @"c:\B.VHDX");
        AttachedDisk second = new(@"Microsoft:1\X\0\0\L", @"C:\merged meanwhile.avhdx");
        Assert.Equal(
            [(first, @"D:\b.vhdx"), (second, @"D:\a.vhdx")], DiskPlaces.Match([first, second], manifest, files));
    }

    [Fact]
    public void A_disk_without_a_place_and_a_place_without_a_disk_are_refused()
    {
        MachineManifest manifest = Manifest(("a", @"C:\a.vhdx", @"X\0\0\L"), ("b", @"C:\a.vhdx", @"X\0\1\L"));
        Dictionary<string, string> files = new() { ["a"] = @"D:\a.vhdx", ["b"] = @"D:\b.vhdx" };
        AttachedDisk a = new(@"Microsoft:1\X\0\0\L", @"C:\a.vhdx");
        AttachedDisk b = new(@"Microsoft:1\X\0\1\L", @"C:\a.vhdx");
        AttachedDisk unknown = new(@"Microsoft:1\X\0\2\L", @"C:\a.vhdx");
        Assert.Equal(2, DiskPlaces.Match([a, b], manifest, files).Count);
        Assert.Throws<HostException>(() => DiskPlaces.Match([a], manifest, files));
        Assert.Throws<HostException>(() => DiskPlaces.Match([a, a], manifest, files));
        Assert.Throws<HostException>(() => DiskPlaces.Match([a, b, unknown], manifest, files));
    }

    [Fact]
    public void A_manifest_that_is_damaged_is_none()
    {
        byte[] bytes = Manifest(("a", @"C:\a.vhdx", @"X\0\0\L")).ToBytes();
        Assert.Equal(bytes, MachineManifest.Parse(bytes)!.ToBytes());
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Null(MachineManifest.Parse(bytes.AsSpan(0, length)));
        }

        Assert.Null(MachineManifest.Parse("""{"name":"x"}"""u8));
    }

    private static MachineManifest Manifest(params (string Disk, string File, string Place)[] disks) => new(
        Guid.Empty, "machine", "10.0", "x.vmcx",
        [.. disks.Select(disk => new ManifestDisk(disk.Disk, disk.File, disk.Place))]);

    private sealed class Damaged : ICheckpointJournal
    {
        public string? Read() => "{";

        public void Write(string text)
        {
        }

        public void Dispose()
        {
        }
    }
}
