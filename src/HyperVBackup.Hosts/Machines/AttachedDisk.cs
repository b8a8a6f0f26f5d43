namespace HyperVBackup.Hosts.Machines;

/// <summary>A virtual hard disk that is attached to a machine, or was when a checkpoint was made.</summary>
/// <param name="InstanceId">What names the attachment, in these settings.</param>
/// <param name="File">The image's path on the host.</param>
internal sealed record AttachedDisk(string InstanceId, string File);
