using HyperVBackup.Format;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Rotation;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Maintenance.Rotation;

/// <summary>
/// Keeps what a run of verification has read, for the runs after it on any host: while it reads, so that little is lost
/// when it is killed, and when it ends. Packs are read side by side; what counts is an unbroken run of them from the
/// first on, and before the end of the run only up to the first in which something was found: what is not told yet is
/// found again. Thread-safe.
/// </summary>
internal sealed class RotationKeeper
{
    private static readonly TimeSpan SaveInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SliceDuration = TimeSpan.FromHours(1);

    private readonly Lock gate = new();
    private readonly VerifiedNotes notes;
    private readonly RepositoryEnvironment environment;
    private readonly DateTimeOffset startTime;
    private readonly HashSet<int> soundAhead = [];
    private List<SessionId> replaced;
    private VerifiedNote settled;
    private int settledCount;
    private DateTimeOffset sliceTime;
    private long savedAt;
    private RotationPlan? plan;
    private int soundCount;
    private bool isSaving;

    private RotationKeeper(VerifiedNotes notes, RepositoryEnvironment environment, List<StoredNote> found)
    {
        (this.notes, this.environment, replaced) = (notes, environment, [.. found.Select(note => note.Id)]);
        Known = NoteMerge.Of([.. found.Select(note => note.Note).OfType<VerifiedNote>()]);
        Damaged = [.. found.Where(note => note.Note is null)];
        settled = Known with { Run = checked(Known.Run + 1) };
        startTime = sliceTime = Milliseconds(environment.Clock.GetUtcNow());
        savedAt = environment.Clock.GetTimestamp();
    }

    /// <summary>What the runs before this one left behind.</summary>
    public VerifiedNote Known { get; }

    /// <summary>Notes that cannot be read; the note of this run takes their place.</summary>
    public IReadOnlyList<StoredNote> Damaged { get; }

    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task<RotationKeeper> OpenAsync(
        IBlobStore store, RepositoryId repository, RepositoryEnvironment environment, CancellationToken token)
    {
        VerifiedNotes notes = new(store, repository);
        return new RotationKeeper(notes, environment, await notes.ReadAllAsync(token));
    }

    /// <summary>Notes the sessions whose packs this run sees, all of which they had published before.</summary>
    public void See(IReadOnlySet<SessionId> sessions)
    {
        Dictionary<SessionId, uint> known = Known.Sessions.ToDictionary(seen => seen.Session, seen => seen.Run);
        settled = settled with
        {
            Sessions =
            [
                .. sessions.Order().Take(FormatLimits.SeenSessionCountMax)
                    .Select(session => new SeenSession(session, known.GetValueOrDefault(session, settled.Run))),
            ],
        };
    }

    /// <summary>Begins to read packs as planned.</summary>
    public void Begin(RotationPlan planned) =>
        (plan, sliceTime) = (planned, Milliseconds(environment.Clock.GetUtcNow()));

    /// <summary>Notes that a pack of the plan was read.</summary>
    /// <param name="isSound">Whether nothing was found in it.</param>
    public void NoteRead(int index, bool isSound)
    {
        lock (gate)
        {
            if (isSound)
            {
                soundAhead.Add(index);
            }

            while (soundAhead.Remove(soundCount))
            {
                soundCount++;
            }
        }
    }

    /// <summary>Saves what was read so far, now and then.</summary>
    public async Task SaveIfDueAsync()
    {
        lock (gate)
        {
            if (isSaving || environment.Clock.GetElapsedTime(savedAt) < SaveInterval)
            {
                return;
            }

            isSaving = true;
        }

        await SaveAsync(TakeRead());
        lock (gate)
        {
            (isSaving, savedAt) = (false, environment.Clock.GetTimestamp());
        }
    }

    /// <summary>Ends the run.</summary>
    /// <param name="isTold">Whether it went to its end, and all that it found is told.</param>
    public async Task EndAsync(bool isTold)
    {
        if (isTold)
        {
            soundCount = plan?.Count ?? 0;
            await SaveAsync(TakeRead() with { StructureRun = settled.Run, StructureTime = startTime });
        }
        else if (soundCount > settledCount)
        {
            await SaveAsync(TakeRead());
        }
    }

    private VerifiedNote TakeRead()
    {
        DateTimeOffset now = Milliseconds(environment.Clock.GetUtcNow());
        lock (gate)
        {
            if (plan is null || soundCount == settledCount)
            {
                return settled;
            }

            RotationState before = plan.After(settledCount);
            RotationState after = plan.After(soundCount);
            ulong start = settledCount == 0 ? Known.Cursor : before.Cursor;
            bool isAll = after.IsAllRead && settledCount == 0;
            VerifiedNote read = settled with
            {
                Start = Known.Start,
                Cursor = after.Cursor,
                DoneShare = after.DoneShare,
                Slices = start == after.Cursor && !isAll
                    ? settled.Slices
                    : SliceCircle.Set(settled.Slices, start, isAll ? start : after.Cursor, settled.Run, sliceTime),
            };
            if (now - sliceTime >= SliceDuration)
            {
                (settled, settledCount, sliceTime) = (read, soundCount, now);
            }

            return read;
        }
    }

    /// <summary>Puts a note in the place of those before. A store that cannot be written is no reason to fail: what was
    /// verified is told all the same.</summary>
    private async Task SaveAsync(VerifiedNote note)
    {
        Span<byte> random = stackalloc byte[SessionId.SizeBytes];
        environment.Randomness(random);
        SessionId id = new(random);
        try
        {
            await notes.PutAsync(id, note, CancellationToken.None);
            List<SessionId> old = replaced;
            replaced = [id];
            foreach (SessionId before in old)
            {
                await notes.DeleteAsync(before, CancellationToken.None);
            }
        }
        catch (StoreException failure) when (plan is not null && !plan.After(plan.Count).IsAllRead)
        {
            environment.Warn(
                $"What was verified could not be noted, so the next run does not go on from here: {failure.Message}");
        }
        catch (StoreException)
        {
            return; // no data was read, or all was: no run goes on from here
        }
    }

    private static DateTimeOffset Milliseconds(DateTimeOffset time) =>
        DateTimeOffset.FromUnixTimeMilliseconds(time.ToUnixTimeMilliseconds());
}
