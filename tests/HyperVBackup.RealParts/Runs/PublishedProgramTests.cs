using HyperVBackup.Testing.Tools;
using Xunit;

namespace HyperVBackup.RealParts.Runs;

/// <summary>What other tests run as a process is what is published, where `./build.sh test` runs them.</summary>
public sealed class PublishedProgramTests
{
    [Fact]
    public void What_is_published_is_one_file_that_needs_no_runtime_beside_it()
    {
        Assert.SkipWhen(ProgramUnderTest.Published is null, "the program was built and not published");
        string folder = Path.GetDirectoryName(ProgramUnderTest.Published)!;

        Assert.Equal([ProgramUnderTest.Published], Directory.GetFiles(folder));
        Assert.Equal(0, Tool.Try("env", ["-i", ProgramUnderTest.Published!, "--help"]).ExitCode);
    }
}
