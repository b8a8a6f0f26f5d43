using HyperVBackup.Hosts.Checkpoints;
using Xunit;

namespace HyperVBackup.Hosts.Tests.Checkpoints;

public sealed class BackupCycleTests
{
    [Fact]
    public void Every_stage_has_its_step_with_what_is_durable_and_what_to_undo()
    {
        Assert.Equal(Enum.GetValues<CycleStage>(), BackupCycle.Steps.Select(step => step.Stage));
        Assert.All(BackupCycle.Steps, step => Assert.NotEmpty(step.Durable));
        Assert.All(BackupCycle.Steps, step => Assert.Same(step, BackupCycle.StepOf(step.Stage)));
    }

    [Fact]
    public void A_step_out_of_order_is_not_noted()
    {
        MemoryJournal kept = new();
        CycleJournal journal = new(kept, _ => { });
        Assert.Throws<InvalidOperationException>(() => journal.Enter(CycleStage.Sealed, notes => notes));
        Assert.Throws<InvalidOperationException>(() => journal.Enter(CycleStage.Marking, notes => notes));
        Assert.Null(kept.Text);
        journal.Enter(CycleStage.Creating, notes => notes);
        journal.Enter(CycleStage.Marking, notes => notes);
        Assert.Equal(CycleStage.Marking, CheckpointNotes.Parse(kept.Text!)!.Stage);
    }

    [Fact]
    public void Notes_are_read_as_they_were_written()
    {
        CheckpointNotes notes = new()
        {
            Stage = CycleStage.Converting,
            AskedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            Mark = "mark",
            CheckpointsBefore = ["a"],
            Doubtful = ["i"],
            Job = "job",
            Checkpoint = "checkpoint",
            ReferencePointsBefore = ["b", "c"],
            ToldIds = ["d"],
            Held = [new HeldPoint("e", "f", ["j"], [new HeldDisk("g", "h", 1L << 40, 4096, "k")])],
            Doubt = "doubt",
        };
        string text = notes.ToText();
        Assert.Equal(text, CheckpointNotes.Parse(text)!.ToText());
        Assert.Equal(1L << 40, CheckpointNotes.Parse(text)!.Held[0].Disks[0].VirtualSizeBytes);
        for (int length = 0; length < text.Length; length++)
        {
            Assert.Null(CheckpointNotes.Parse(text[..length]));
        }

        Assert.Null(CheckpointNotes.Parse("null"));
        Assert.Null(CheckpointNotes.Parse("""{"Stage":77}"""));
        Assert.Null(CheckpointNotes.Parse("""{"Held":[null]}"""));
    }

    [Theory]
    [InlineData("HyperVBackup owner-1 0123456789abcdef", true)]
    [InlineData("HyperVBackup owner-2 0123456789abcdef", false)]
    [InlineData("HyperVBackup owner-1 0123456789abcde", false)]
    [InlineData("HyperVBackup owner-1", false)]
    [InlineData("Copy of HyperVBackup owner-1 0123456789abcdef", false)]
    public void A_checkpoint_is_ours_only_if_its_whole_name_says_so(string name, bool isOurs) =>
        Assert.Equal(isOurs, OwnMark.IsOf("owner-1", name));

    private sealed class MemoryJournal : ICheckpointJournal
    {
        public string? Text { get; private set; }

        public string? Read() => Text;

        public void Write(string text) => Text = text;

        public void Dispose()
        {
        }
    }
}
