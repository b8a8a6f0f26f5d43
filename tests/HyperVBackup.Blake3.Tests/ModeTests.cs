using Xunit;

namespace HyperVBackup.Blake3.Tests;

public sealed class ModeTests
{
    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Blake3Mode.Keyed(new byte[31]));
        Assert.Throws<ArgumentException>(() => Blake3Mode.Keyed(new byte[33]));
        Assert.Throws<ArgumentException>(() => Blake3Mode.Plain.Hash([], new byte[31]));
        Assert.Throws<ArgumentException>(() => Blake3Mode.Plain.Hash([], new byte[33]));
        Assert.Throws<ArgumentNullException>(() => Blake3Mode.DeriveKey(null!));
        Assert.Throws<ArgumentNullException>(() => new Blake3Hasher(null!));
    }

    [Fact]
    public void The_best_supported_path_is_the_default()
    {
        InstructionSet best = Enum.GetValues<InstructionSet>().Where(InstructionSupport.IsSupported).Max();
        Assert.Equal(best, Blake3Mode.Plain.InstructionSet);
        Assert.Equal(best, Blake3Mode.Keyed(TestData.Key).InstructionSet);
        Assert.Equal(best, Blake3Mode.DeriveKey(TestData.Context).InstructionSet);
    }

    [Theory]
    [EveryPath]
    internal void Hashing_allocates_nothing(ModeKind kind, InstructionSet set)
    {
        Blake3Mode mode = TestData.Mode(kind, set);
        byte[] outputs = new byte[16 * Blake3Mode.DigestSizeBytes];
        long allocatedBytes = 0;
        // The first turn may allocate for the compiler.
        for (int turn = 0; turn < 2; turn++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            mode.Hash(TestData.Prefix(300_000), outputs.AsSpan(0, Blake3Mode.DigestSizeBytes));
            mode.HashMany(TestData.Prefix(16 * 4096), 4096, outputs);
            mode.HashMany(TestData.Prefix(16 * 1000), 1000, outputs);
            allocatedBytes = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.Equal(0, allocatedBytes);
    }
}
