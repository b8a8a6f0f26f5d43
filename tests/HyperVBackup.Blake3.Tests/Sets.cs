using Xunit;

namespace HyperVBackup.Blake3.Tests;

/// <summary>Instruction sets by name; one this machine lacks skips its test and says so.</summary>
internal static class Sets
{
    public static InstructionSet Parse(string name)
    {
        InstructionSet set = Enum.Parse<InstructionSet>(name);
        Assert.SkipUnless(InstructionSupport.IsSupported(set), $"this machine has no {name}: that path is not tested");
        return set;
    }
}
