namespace HyperVBackup.Hosts.Machines;

/// <summary>A virtual hard disk that is attached to a machine, or was when a checkpoint was made.</summary>
/// <param name="InstanceId">What names the attachment, in these settings.</param>
/// <param name="File">The image's path on the host.</param>
internal sealed record AttachedDisk(string InstanceId, string File)
{
    private const string SetExtension = ".vhds";

    /// <summary>Whether several machines may write it: it is a VHD Set, or takes their reservations.</summary>
    public bool IsShared
    {
        get => field || File.EndsWith(SetExtension, StringComparison.OrdinalIgnoreCase);
        init;
    }

    /// <summary>A checkpoint of one machine is no moment of a disk that others write.</summary>
    /// <exception cref="HostException">It is shared.</exception>
    public void RequireOwn()
    {
        if (IsShared)
        {
            throw new HostException(
                $"The disk '{File}' is shared with other machines (a VHD Set, or one that takes their reservations), "
                + "of which no checkpoint of one machine is a moment: back a guest cluster up from inside its "
                + "machines.");
        }
    }
}
