using HyperVBackup.Disks;
using HyperVBackup.Disks.Changes;

namespace HyperVBackup.RealParts.Qemu;

/// <summary>A change source that says when its view is open and when it is about to be sealed.</summary>
internal sealed class WatchedSource(IChangeSource source, Action<IDiskView> onOpen, Action onSeal) : IChangeSource
{
    public string Description => source.Description;

    public string? Since => source.Since;

    public IDiskView Open()
    {
        IDiskView view = source.Open();
        onOpen(view);
        return new WatchedView(view, onSeal);
    }

    private sealed class WatchedView(IDiskView view, Action onSeal) : IDiskView
    {
        public IDisk Disk => view.Disk;

        public DiskChanges Changes => view.Changes;

        public ViewStamp? Stamp => view.Stamp;

        public string? Seal()
        {
            onSeal();
            return view.Seal();
        }

        public void Confirm() => view.Confirm();

        public void Abandon() => view.Abandon();

        public void AbandonNoted() => view.AbandonNoted();

        public void Dispose() => view.Dispose();
    }
}
