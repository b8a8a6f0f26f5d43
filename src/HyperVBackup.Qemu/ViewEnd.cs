namespace HyperVBackup.Qemu;

/// <summary>What became of what was read of a view.</summary>
internal enum ViewEnd
{
    /// <summary>A restore point.</summary>
    Published,

    /// <summary>Nothing.</summary>
    Abandoned,

    /// <summary>A note, with which a later backup goes on.</summary>
    Noted,
}
