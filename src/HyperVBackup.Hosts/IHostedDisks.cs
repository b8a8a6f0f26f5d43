namespace HyperVBackup.Hosts;

/// <summary>Disks that are of one moment, of a machine or of a group: what is done with one view of them.</summary>
internal interface IHostedDisks
{
    /// <summary>Gives a disk; the first that is asked for makes the checkpoint of all.</summary>
    HostedView Open(int position);

    /// <summary>The tracking id of a disk, once all are read.</summary>
    string? Seal(int position);

    void Confirm();

    void Abandon();

    /// <summary>A disk is not read any more.</summary>
    void Release(int position);
}
