using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.Qemu;

/// <summary>
/// A virtual machine that runs in QEMU, or disks in its storage daemon: change sources for its disks, all of one
/// moment. The moment is when the first of them is opened; opening one again, after all were disposed, takes another.
/// Nothing is left in the hypervisor but one dirty bitmap, which tracks each disk that a point was made of or whose
/// comparison was interrupted. Not thread-safe; reading the disks is.
/// </summary>
public sealed class QemuMachine
{
    private readonly QemuOptions options;
    private readonly QemuEnvironment environment;
    private readonly HashSet<int> opened = [];
    private readonly HashSet<int> released = [];
    private readonly HashSet<int> ended = [];
    private Snapshot? snapshot;

    /// <exception cref="ArgumentException">No node is named, or one twice.</exception>
    public QemuMachine(QemuOptions options, QemuEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(environment);
        (this.options, this.environment) = (options, environment);
        if (options.Nodes.Count == 0 || options.Nodes.Distinct().Count() != options.Nodes.Count)
        {
            throw new ArgumentException("Name at least one block node, and none twice.", nameof(options));
        }

        Sources = [.. options.Nodes.Select(
            (node, position) => new QemuDiskSource(this, position, $"dirty bitmaps of {node} at {options.Monitor}"))];
    }

    /// <summary>One for each node, in their order.</summary>
    public IReadOnlyList<IChangeSource> Sources { get; }

    /// <summary>Whether the guest's file systems stood still when the latest snapshot was taken.</summary>
    public bool IsConsistent { get; private set; }

    internal (QemuView View, string? Since) Open(int position)
    {
        if (snapshot is null)
        {
            snapshot = Snapshot.Take(options, environment);
            IsConsistent = snapshot.IsConsistent;
        }

        if (opened.Contains(position))
        {
            throw new InvalidOperationException("The disk's view before was not disposed.");
        }

        try
        {
            QemuView view = snapshot.Open(position, this);
            opened.Add(position);
            return (view, snapshot.Disks[position].OldId);
        }
        catch
        {
            EndIfUnused();
            throw;
        }
    }

    internal void RequireIntact(int position) => snapshot!.RequireIntact(position);

    /// <summary>What fails here is said and nothing more: the restore point is published, or another failure told, and
    /// the next backup takes down what is left.</summary>
    internal void End(int position, ViewEnd end)
    {
        ended.Add(position);
        Say(() => snapshot!.End(position, end));
    }

    internal void Release(int position)
    {
        released.Add(position);
        EndIfUnused();
    }

    private void EndIfUnused()
    {
        if (released.Count < opened.Count)
        {
            return;
        }

        for (int position = 0; position < options.Nodes.Count; position++)
        {
            if (!ended.Contains(position))
            {
                End(position, ViewEnd.Abandoned);
            }
        }

        Say(snapshot!.EndAll);
        snapshot.Dispose();
        snapshot = null;
        opened.Clear();
        released.Clear();
        ended.Clear();
    }

    private void Say(Action step)
    {
        try
        {
            step();
        }
        catch (DiskImageException failure)
        {
            environment.Warn($"The next backup takes down what is left in the hypervisor: {failure.Message}");
        }
    }
}
