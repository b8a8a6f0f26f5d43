using System.Globalization;

namespace HyperVBackup.Format;

/// <summary>Where the files of a repository lie; packs are named by <see cref="Packs.PackName"/>.</summary>
public static class FileNames
{
    public const string Repository = "repository";
    public const string RestorePointFolder = "points/";
    public const string LeaseFolder = "leases/";
    public const string SignOfLifeFolder = "signs/";
    public const string PruneMarkFolder = "pruned/";
    public const string PinFolder = "pins/";
    public const string DamageNoteFolder = "damaged/";
    public const string CondemnedFolder = "condemned/";
    public const string RetiredFolder = "retired/";
    public const string VerifiedFolder = "verified/";
    public const string ChunkPackFolder = "packs/";
    public const string MapPackFolder = "maps/";
    public const string ParityFolder = "parity/";

    /// <summary>Before the name of a file's second copy.</summary>
    public const string MirrorFolder = "mirror/";

    public const string RepositoryMirror = MirrorFolder + Repository;

    /// <summary>In a pin's name, in place of a point.</summary>
    private const string EveryPoint = "all";

    /// <summary>A restore point or a fence: whichever was put there first.</summary>
    public static string RestorePoint(SessionId session) => RestorePointFolder + session;

    public static string RestorePointMirror(SessionId session) => MirrorFolder + RestorePoint(session);

    public static string Lease(SessionId session) => LeaseFolder + session;

    /// <param name="counter">From 1.</param>
    public static string SignOfLife(SessionId session, long counter) =>
        string.Create(CultureInfo.InvariantCulture, $"{SignOfLifeFolder}{session}-{counter}");

    public static string PruneMark(SessionId session) => PruneMarkFolder + session;

    /// <param name="point">Whose pin it is; none for every point's.</param>
    /// <param name="id">Random: a pin that was removed is never put again.</param>
    public static string Pin(SessionId point, SessionId id) =>
        $"{PinFolder}{(point.IsNone ? EveryPoint : point.ToString())}-{id}";

    /// <summary>Reads a name as <see cref="Pin"/> writes it.</summary>
    public static bool TryParsePin(string name, out SessionId point, out SessionId id)
    {
        (point, id) = (default, default);
        int dash = name.LastIndexOf('-');
        bool isPin = name.StartsWith(PinFolder, StringComparison.Ordinal)
            && dash >= PinFolder.Length
            && SessionId.TryParse(name.AsSpan(dash + 1), out id);
        ReadOnlySpan<char> whose = isPin ? name.AsSpan(PinFolder.Length, dash - PinFolder.Length) : "";
        return isPin && (whose is EveryPoint || (SessionId.TryParse(whose, out point) && !point.IsNone));
    }

    /// <param name="id">Random: a note that was taken away is never put again.</param>
    public static string DamageNote(SessionId id) => DamageNoteFolder + id;

    /// <param name="collection">From 1.</param>
    public static string Condemned(long collection) =>
        CondemnedFolder + collection.ToString(CultureInfo.InvariantCulture);

    /// <param name="collection">From 1.</param>
    public static string Retired(long collection) =>
        RetiredFolder + collection.ToString(CultureInfo.InvariantCulture);

    /// <param name="id">Random: a note is never put twice.</param>
    public static string Verified(SessionId id) => VerifiedFolder + id;
}
