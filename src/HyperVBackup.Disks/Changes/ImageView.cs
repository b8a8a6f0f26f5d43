namespace HyperVBackup.Disks.Changes;

/// <summary>A view of an image that nothing writes while it is read: there is nothing to undo or to tell.</summary>
internal sealed class ImageView(IDisk disk, DiskChanges changes, string? id) : IDiskView
{
    private State state = State.Reading;

    private enum State
    {
        Reading,
        Sealed,
        Confirmed,
        Abandoned,
    }

    public IDisk Disk => disk;

    public DiskChanges Changes => changes;

    public string? Seal()
    {
        Move(from: State.Reading, to: State.Sealed);
        return id;
    }

    public void Confirm() => Move(from: State.Sealed, to: State.Confirmed);

    public void Abandon()
    {
        if (state == State.Confirmed)
        {
            throw new InvalidOperationException("A confirmed view cannot be abandoned.");
        }
        state = State.Abandoned;
    }

    public void Dispose() => disk.Dispose();

    private void Move(State from, State to)
    {
        if (state != from)
        {
            throw new InvalidOperationException($"A view that is {state} cannot become {to}.");
        }
        state = to;
    }
}
