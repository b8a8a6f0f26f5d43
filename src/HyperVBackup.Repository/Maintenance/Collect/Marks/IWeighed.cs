namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>A value that a <see cref="WeighedSum"/> goes over.</summary>
internal interface IWeighed : IIdentified
{
    /// <summary>Another one when any bit of the value is, its id aside; of what is said twice of one id, the sum.
    /// </summary>
    long Weight { get; }
}
