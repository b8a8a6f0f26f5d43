namespace HyperVBackup.Repository.Pins;

/// <summary>
/// The time by which immutability ends: the smaller of what the host's clock and the store's say, and not more than a
/// day past the newest time that the repository itself knows of, unless somebody insists. So neither clock alone, nor
/// both set forward, lets go of what nobody has worked beside for all that time.
/// </summary>
/// <param name="Host">What the host's clock shows.</param>
/// <param name="Store">What the store stamps on a new file.</param>
/// <param name="Evidence">The newest time that a restore point, lease or pin of the repository bears.</param>
/// <param name="TrustsClocks">Whether clocks may be past the evidence by more than a day.</param>
internal readonly record struct BelievedTime(
    DateTimeOffset Host, DateTimeOffset Store, DateTimeOffset Evidence, bool TrustsClocks)
{
    private static readonly TimeSpan JumpMax = TimeSpan.FromDays(1);

    /// <summary>What both clocks have reached.</summary>
    public DateTimeOffset Clocks => Host < Store ? Host : Store;

    /// <summary>Both clocks have reached that time, and it is believed.</summary>
    public bool HasReached(DateTimeOffset time) =>
        time <= Clocks && (TrustsClocks || time - Evidence <= JumpMax);

    /// <summary>Both clocks have reached that time, but nothing in the repository has come near it.</summary>
    public bool Doubts(DateTimeOffset time) => time <= Clocks && !HasReached(time);
}
