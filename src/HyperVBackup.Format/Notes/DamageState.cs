using System.Diagnostics.CodeAnalysis;

namespace HyperVBackup.Format.Notes;

/// <summary>How it stands with a damaged place, as in repo-format/damage-note.md.</summary>
[SuppressMessage("Design", "CA1008", Justification = "Zero is no state, so that zeros cannot pass for an entry.")]
[SuppressMessage("Design", "CA1028", Justification = "The width stored.")]
public enum DamageState : byte
{
    /// <summary>What lay there is to be healed.</summary>
    Damaged = 1,

    /// <summary>Nothing needs what lay there: good copies are elsewhere, or no restore point reaches it. The place goes
    /// with its pack.</summary>
    Replaced = 2,
}
