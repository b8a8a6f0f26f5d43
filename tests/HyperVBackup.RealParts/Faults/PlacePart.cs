namespace HyperVBackup.RealParts.Faults;

/// <summary>What of a <see cref="FaultyPlace"/> lies on the small disk.</summary>
internal enum PlacePart
{
    None,
    Repository,

    /// <summary>The host's state folder.</summary>
    State,

    /// <summary>Where images are restored to and new repositories made.</summary>
    Output,
}
