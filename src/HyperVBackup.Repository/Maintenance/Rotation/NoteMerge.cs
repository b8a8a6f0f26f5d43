using HyperVBackup.Format;
using HyperVBackup.Format.Rotation;

namespace HyperVBackup.Repository.Maintenance.Rotation;

/// <summary>Makes one note of those that runs at once left behind.</summary>
internal static class NoteMerge
{
    /// <returns>What is known in all; where one run did not know a session that the other did, that session counts as
    /// seen after both.</returns>
    public static VerifiedNote Of(IReadOnlyList<VerifiedNote> notes)
    {
        if (notes.Count <= 1)
        {
            return notes.FirstOrDefault(VerifiedNote.None);
        }

        VerifiedNote newest = notes.MaxBy(note => (note.Run, note.DoneShare))!;
        VerifiedNote structure = notes.MaxBy(note => note.StructureRun)!;
        return newest with
        {
            Run = checked(newest.Run + 1),
            StructureRun = structure.StructureRun,
            StructureTime = structure.StructureTime,
            Slices = notes.Select(note => note.Slices).Aggregate(SliceCircle.Merge),
            Sessions = SessionsOf(notes, newest.Run + 1),
        };
    }

    private static List<SeenSession> SessionsOf(IReadOnlyList<VerifiedNote> notes, uint afterAll)
    {
        SortedDictionary<SessionId, (uint Run, int Count)> found = [];
        foreach (SeenSession seen in notes.SelectMany(note => note.Sessions))
        {
            (uint run, int count) = found.GetValueOrDefault(seen.Session, (seen.Run, 0));
            found[seen.Session] = (run == seen.Run ? run : afterAll, count + 1);
        }

        return [.. found.Select(entry =>
            new SeenSession(entry.Key, entry.Value.Count == notes.Count ? entry.Value.Run : afterAll))];
    }
}
