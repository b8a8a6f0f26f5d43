using HyperVBackup.Format;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Rotation;

namespace HyperVBackup.Repository.Maintenance.Rotation;

/// <summary>Adds up what of the packs was verified when. One thread at a time.</summary>
internal sealed class VerifiedTally
{
    private readonly VerifiedNote note;
    private readonly DateTimeOffset now;
    private readonly Dictionary<SessionId, uint> seen;
    private readonly long[] within = new long[VerifiedShares.Days.Count];
    private long totalBytes;
    private long neverBytes;
    private DateTimeOffset? oldest;

    public VerifiedTally(VerifiedNote note, DateTimeOffset now)
    {
        (this.note, this.now) = (note, now);
        seen = note.Sessions.ToDictionary(session => session.Session, session => session.Run);
    }

    /// <param name="lengthBytes">Of one copy.</param>
    public void Add(PackName pack, long lengthBytes)
    {
        totalBytes += lengthBytes;
        VerifiedSlice slice = pack.Kind == PackKind.Chunks
            ? SliceCircle.At(note.Slices, VerifiedNote.PositionOf(pack))
            : new VerifiedSlice(0, note.StructureRun, note.StructureTime);
        if (slice.Run == 0 || seen.GetValueOrDefault(pack.Session, uint.MaxValue) > slice.Run)
        {
            neverBytes += lengthBytes; // what came after the run was not there for it to read
            return;
        }

        oldest = oldest < slice.Time ? oldest : slice.Time;
        for (int index = 0; index < within.Length; index++)
        {
            within[index] += now - slice.Time <= TimeSpan.FromDays(VerifiedShares.Days[index]) ? lengthBytes : 0;
        }
    }

    public VerifiedShares ToShares() => new()
    {
        TotalBytes = totalBytes,
        BytesWithin = within,
        NeverBytes = neverBytes,
        Oldest = oldest,
        StructureTime = note.StructureRun > 0 ? note.StructureTime : null,
        RotationShare = (double)note.DoneShare / VerifiedNote.WholeShare,
    };
}
