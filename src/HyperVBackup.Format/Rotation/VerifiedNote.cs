using System.Buffers.Binary;
using HyperVBackup.Blake3;
using HyperVBackup.Format.Limits;
using HyperVBackup.Format.Packs;

namespace HyperVBackup.Format.Rotation;

/// <summary>
/// What was verified when, as all hosts share it; see repo-format/verified-note.md. Chunk packs stand in an order that
/// hangs on their names alone, and are read by turns in this order: a cursor and some slices tell of any number of
/// packs. Nothing safe hangs on it. Immutable.
/// </summary>
public sealed record VerifiedNote
{
    /// <summary>A whole rotation, in the unit of <see cref="DoneShare"/>.</summary>
    public const uint WholeShare = 1_000_000_000;

    private const string What = "verified note";
    private const int SliceSizeBytes = sizeof(ulong) + sizeof(uint) + sizeof(long);
    private const int SessionSizeBytes = SessionId.SizeBytes + sizeof(uint);

    /// <summary>Of a repository of which nothing was verified yet.</summary>
    public static VerifiedNote None { get; } = new();

    /// <summary>The newest run that this tells of, from 1; 0 before the first.</summary>
    public uint Run { get; init; }

    /// <summary>The newest run that read all that is not data of chunks; 0 for none.</summary>
    public uint StructureRun { get; init; }

    /// <summary>When it did; 1970 where there is none.</summary>
    public DateTimeOffset StructureTime { get; init; } = DateTimeOffset.UnixEpoch;

    /// <summary>The position where the rotation under way began; it ends there.</summary>
    public ulong Start { get; init; }

    /// <summary>The position where the next run begins.</summary>
    public ulong Cursor { get; init; }

    /// <summary>How much of the rotation is done; less than <see cref="WholeShare"/>.</summary>
    public uint DoneShare { get; init; }

    /// <summary>Ascending; the first starts at 0; no two neighbours of one run and time.</summary>
    public IReadOnlyList<VerifiedSlice> Slices { get; init; } = [VerifiedSlice.Never];

    /// <summary>Ascending.</summary>
    public IReadOnlyList<SeenSession> Sessions { get; init; } = [];

    /// <summary>Where a pack stands in the order.</summary>
    public static ulong PositionOf(PackName pack)
    {
        Span<byte> name = stackalloc byte[SessionId.SizeBytes + sizeof(uint)];
        pack.Session.WriteTo(name);
        BinaryPrimitives.WriteUInt32LittleEndian(name[SessionId.SizeBytes..], pack.Number);
        Span<byte> hash = stackalloc byte[Digest.SizeBytes];
        Blake3Mode.Plain.Hash(name, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    /// <returns>The plain body of its record.</returns>
    /// <exception cref="ArgumentException">More slices or sessions than may be, or no slice.</exception>
    public byte[] Write()
    {
        ArgumentOutOfRangeException.ThrowIfZero(Slices.Count, nameof(Slices));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Slices.Count, FormatLimits.VerifiedSliceCountMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Sessions.Count, FormatLimits.SeenSessionCountMax);
        BodyWriter body = new();
        body.UInt32(Run);
        body.UInt32(StructureRun);
        body.Time(StructureTime);
        body.UInt64(Start);
        body.UInt64(Cursor);
        body.UInt32(DoneShare);
        body.UInt32(Slices.Count);
        foreach (VerifiedSlice slice in Slices)
        {
            body.UInt64(slice.Start);
            body.UInt32(slice.Run);
            body.Time(slice.Time);
        }

        body.UInt32(Sessions.Count);
        foreach (SeenSession seen in Sessions)
        {
            body.Session(seen.Session);
            body.UInt32(seen.Run);
        }

        return body.ToArray();
    }

    /// <exception cref="CorruptDataException">Breaks a rule of repo-format/verified-note.md.</exception>
    public static VerifiedNote Read(ReadOnlySpan<byte> plain)
    {
        BodyReader body = new(plain, What);
        VerifiedNote note = new()
        {
            Run = body.UInt32("run"),
            StructureRun = body.UInt32("structure run"),
            StructureTime = body.Time("structure time"),
            Start = body.UInt64("start"),
            Cursor = body.UInt64("cursor"),
            DoneShare = body.UInt32("done"),
        };
        body.Require(note.Run > 0, "run");
        body.Require(IsTimed(note.StructureRun, note.StructureTime, note.Run), "structure run and time");
        body.Require(note.DoneShare < WholeShare, "done");
        note = note with { Slices = ReadSlices(ref body, note.Run), Sessions = ReadSessions(ref body, note.Run) };
        body.RequireEnd();
        return note;
    }

    private static bool IsTimed(uint run, DateTimeOffset time, uint newest) =>
        run <= newest && (run > 0 || time == DateTimeOffset.UnixEpoch);

    private static VerifiedSlice[] ReadSlices(ref BodyReader body, uint newest)
    {
        int count = ReadCount(ref body, "slice count", FormatLimits.VerifiedSliceCountMax, SliceSizeBytes);
        body.Require(count > 0, "slice count");
        VerifiedSlice[] slices = new VerifiedSlice[count];
        for (int index = 0; index < count; index++)
        {
            VerifiedSlice slice = slices[index] = new(
                body.UInt64("slice start"), body.UInt32("slice run"), body.Time("slice time"));
            VerifiedSlice before = index > 0 ? slices[index - 1] : default;
            body.Require(index == 0 ? slice.Start == 0 : before.Start < slice.Start, "slices do not ascend from 0");
            body.Require(IsTimed(slice.Run, slice.Time, newest), "slice run and time");
            body.Require(index == 0 || (slice.Run, slice.Time) != (before.Run, before.Time), "two slices of one run");
        }

        return slices;
    }

    private static SeenSession[] ReadSessions(ref BodyReader body, uint newest)
    {
        SeenSession[] sessions = new SeenSession[ReadCount(
            ref body, "session count", FormatLimits.SeenSessionCountMax, SessionSizeBytes)];
        for (int index = 0; index < sessions.Length; index++)
        {
            sessions[index] = new SeenSession(body.Session("session"), body.UInt32("session run"));
            body.Require(
                index == 0 || sessions[index - 1].Session.CompareTo(sessions[index].Session) < 0,
                "sessions do not ascend");
            body.Require(sessions[index].Run > 0 && sessions[index].Run <= newest, "session run");
        }

        return sessions;
    }

    /// <summary>No more than the body has room for, so that nothing is allocated for a mere claim.</summary>
    private static int ReadCount(ref BodyReader body, string field, int countMax, int entrySizeBytes)
    {
        uint count = body.UInt32(field);
        body.Require(count <= countMax && count * (long)entrySizeBytes <= body.RestLengthBytes, field);
        return (int)count;
    }
}
