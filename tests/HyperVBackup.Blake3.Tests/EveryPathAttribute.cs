using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace HyperVBackup.Blake3.Tests;

/// <summary>Gives a theory every mode on every instruction set, as its two parameters.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EveryPathAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
        MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        ITheoryDataRow[] rows =
        [
            .. from set in Enum.GetValues<InstructionSet>()
               from kind in Enum.GetValues<ModeKind>()
               select new TheoryDataRow(kind, set),
        ];
        return ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(rows);
    }

    public override bool SupportsDiscoveryEnumeration() => true;
}
