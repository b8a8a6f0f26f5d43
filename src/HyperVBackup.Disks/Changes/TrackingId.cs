namespace HyperVBackup.Disks.Changes;

/// <summary>The rule that every tracking id keeps, whatever source it comes from.</summary>
public static class TrackingId
{
    /// <summary>Longest tracking id, in UTF-16 characters.</summary>
    public const int LengthMax = 200;

    /// <summary>From 1 to <see cref="LengthMax"/> characters, none of them a control character.</summary>
    public static bool IsValid(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return id.Length is > 0 and <= LengthMax && !id.Any(char.IsControl);
    }
}
