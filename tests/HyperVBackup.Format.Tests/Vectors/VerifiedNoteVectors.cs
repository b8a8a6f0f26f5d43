using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Records;
using HyperVBackup.Format.Rotation;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>Vectors of notes of what was verified when.</summary>
internal static class VerifiedNoteVectors
{
    private const int StructureRunAt = sizeof(uint);
    private const int StructureTimeAt = StructureRunAt + sizeof(uint);
    private const int DoneAt = StructureTimeAt + (3 * sizeof(ulong));
    private const int SliceCountAt = DoneAt + sizeof(uint);
    private const int FirstSliceAt = SliceCountAt + sizeof(uint);
    private const int SliceSizeBytes = 20;
    private const int SessionCountAt = FirstSliceAt + (3 * SliceSizeBytes);
    private const int FirstSessionAt = SessionCountAt + sizeof(uint);
    private const int SessionSizeBytes = 20;

    public static void Add(VectorSet.Good good, VectorSet.Bad bad)
    {
        const string Of = Structures.VerifiedNote;
        Sample sample = new(41);
        good.Add(Of, "first", new VerifiedNote { Run = 1 }.Write());
        DateTimeOffset time = sample.Time();
        SessionId[] sessions = [.. new[] { sample.Session(), sample.Session() }.Order()];
        VerifiedNote note = new()
        {
            Run = 9,
            StructureRun = 9,
            StructureTime = time,
            Start = 1UL << 63,
            Cursor = ulong.MaxValue,
            DoneShare = VerifiedNote.WholeShare - 1,
            Slices =
            [
                new VerifiedSlice(0, 8, time), new VerifiedSlice(5, 9, time), VerifiedSlice.Never with { Start = 6 },
            ],
            Sessions = [new SeenSession(sessions[0], 9), new SeenSession(sessions[1], 1)],
        };
        byte[] bytes = good.Add(Of, "sample", note.Write());
        bad.Add(Of, "run-0", "verified note: run", bytes, 0, 0);
        bad.Add(Of, "structure-run-to-come", "verified note: structure run and time", bytes, StructureRunAt, 10);
        bad.Add(Of, "structure-time-of-none", "verified note: structure run and time", bytes, StructureRunAt, 0);
        bad.Add(Of, "structure-time", "verified note: structure time", bytes, StructureTimeAt + 7, 0x7F);
        bad.Add(Of, "done-all", "verified note: done", bytes, DoneAt + 3, 0xFF);
        bad.Add(Of, "no-slice", "verified note: slice count", bytes, SliceCountAt, 0);
        bad.Add(Of, "more-slices-than-bytes", "verified note: slice count", bytes, SliceCountAt + 1, 1);
        bad.Add(Of, "slices-not-from-0", "verified note: slices do not ascend from 0", bytes, FirstSliceAt, 1);
        int secondSliceAt = FirstSliceAt + SliceSizeBytes;
        bad.Add(Of, "slices-descend", "verified note: slices do not ascend from 0", bytes, secondSliceAt, 7);
        bad.Add(Of, "slice-run-to-come", "verified note: slice run and time", bytes, FirstSliceAt + 8, 10);
        bad.Add(Of, "slice-time-of-none", "verified note: slice run and time", bytes, FirstSliceAt + 8, 0);
        bad.Add(Of, "slices-of-one-run", "verified note: two slices of one run", bytes, FirstSliceAt + 8, 9);
        bad.Add(Of, "more-sessions-than-bytes", "verified note: session count", bytes, SessionCountAt, 3);
        bad.Add(Of, "sessions-descend", "verified note: sessions do not ascend", bytes, FirstSessionAt, 0xFF);
        bad.Add(Of, "session-run-0", "verified note: session run", bytes, FirstSessionAt + SessionSizeBytes - 4, 0);
        bad.Add(Of, "session-run-to-come", "verified note: session run", bytes, bytes.Length - 4, 10);
        bad.Add(Of, "shorter", "verified note: session count", bytes[..^1]);
        bad.Add(Of, "longer", "verified note: bytes after the last field", [.. bytes, 0]);
        FileHeader header = new(FileKind.VerifiedNote, sample.Repository(), FileNames.Verified(sample.Session()));
        byte[] file = good.Add(
            Structures.VerifiedNoteFile, "raw", RecordFile.Write(header, bytes, Compression.None));
        bad.Add(Structures.VerifiedNoteFile, "longer", "file: bytes after its record", [.. file, 0]);
    }
}
