using HyperVBackup.Format;

namespace HyperVBackup.Repository.Maintenance.Collect.Marks;

/// <summary>A value that is sorted by an id first.</summary>
internal interface IIdentified
{
    Digest Id { get; }
}
