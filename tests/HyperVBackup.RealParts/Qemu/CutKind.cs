namespace HyperVBackup.RealParts.Qemu;

/// <summary>How a monitor's connection fails at one command.</summary>
public enum CutKind
{
    /// <summary>The command never arrives.</summary>
    Before,

    /// <summary>The command is carried out, its answer never comes.</summary>
    After,

    /// <summary>The command is carried out, and half of its answer comes.</summary>
    Amid,
}
