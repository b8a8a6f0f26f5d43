using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace HyperVBackup.Blake3;

/// <summary>What this machine can do. The answers never change while a process runs.</summary>
internal static class InstructionSupport
{
    /// <summary>The widest supported set.</summary>
    public static InstructionSet Best { get; } = Enum.GetValues<InstructionSet>().Where(IsSupported).Max();

    public static bool IsSupported(InstructionSet set) => set switch
    {
        InstructionSet.Scalar => true,
        InstructionSet.Vector128 => Sse2.IsSupported || AdvSimd.Arm64.IsSupported,
        InstructionSet.Avx2 => Avx2.IsSupported,
        InstructionSet.Avx512 => Avx512F.IsSupported,
        _ => throw new ArgumentOutOfRangeException(nameof(set), set, "unknown instruction set"),
    };
}
