using Xunit;

namespace HyperVBackup.Operations.Tests;

/// <summary>Tests that measure the whole process: nothing else runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TestsAlone
{
    public const string Name = "alone";
}
