using HyperVBackup.Format.Points;
using HyperVBackup.Hosts.Checkpoints;
using HyperVBackup.Hosts.Tests.Kit;
using HyperVBackup.Operations.Hosted;
using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Checkpoints;

public sealed class FileJournalsTests
{
    private static readonly Guid Machine = new("0f8f37b8-4d25-4f9e-8d5a-5f6a3f5c2b10");

    [Fact]
    public void Notes_survive_and_only_one_has_them_at_a_time()
    {
        using TestFolder folder = new();
        FileJournals journals = new(folder.File("hosts"));
        using (ICheckpointJournal first = journals.Open("owner", Machine))
        {
            Assert.Null(first.Read());
            first.Write("one");
            first.Write("two");
            Assert.Throws<HostException>(() => journals.Open("owner", Machine));
            using ICheckpointJournal other = journals.Open("other-owner", Machine);
            Assert.Null(other.Read());
        }

        File.WriteAllText(folder.File("hosts/unrelated"), "");
        using ICheckpointJournal again = new FileJournals(folder.File("hosts")).Open("owner", Machine);
        Assert.Equal("two", again.Read());
    }

    [Fact]
    public void Notes_that_cannot_be_kept_are_said_in_a_sentence()
    {
        using TestFolder folder = new();
        File.WriteAllText(folder.File("file"), "");
        Assert.Throws<HostException>(() => new FileJournals(folder.File("file")).Open("owner", Machine));
        using ICheckpointJournal journal = new FileJournals(folder.File("hosts")).Open("owner", Machine);
        Directory.Delete(folder.File("hosts"), recursive: true);
        Assert.Throws<HostException>(() => journal.Write("notes"));
    }

    [Fact]
    public async Task A_machine_is_backed_up_with_notes_in_files()
    {
        using TestFolder folder = new();
        using World world = await World.MakeAsync();
        world.Journals = new FileJournals(folder.Path);
        await world.BackupAsync();
        RestorePoint point = (await world.BackupAsync()).Point;
        Assert.All(point.Disks, disk => Assert.Equal(RestorePointKind.Incremental, disk.Kind));
        world.RequireNothingLeft();
    }
}
