using System.Globalization;
using HyperVBackup.Format.Codecs;
using HyperVBackup.Format.Collections;
using HyperVBackup.Format.Notes;
using HyperVBackup.Format.Packs;
using HyperVBackup.Format.Points;
using HyperVBackup.Format.Records;
using HyperVBackup.Format.Rotation;

namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>The part of <see cref="VectorReader"/> for what collecting needs: marks, collections, signs of life, pins,
/// and their files.</summary>
internal static class CollectionFields
{
    private static readonly Dictionary<string, (FileKind Kind, string Plain)> Files = new()
    {
        [Structures.PruneMarkFile] = (FileKind.PruneMark, Structures.PruneMark),
        [Structures.CondemnedFile] = (FileKind.Condemned, Structures.CollectionSet),
        [Structures.RetiredFile] = (FileKind.Retired, Structures.CollectionSet),
        [Structures.SignOfLifeFile] = (FileKind.SignOfLife, Structures.SignOfLife),
        [Structures.PinFile] = (FileKind.Pin, Structures.Pin),
        [Structures.VerifiedNoteFile] = (FileKind.VerifiedNote, Structures.VerifiedNote),
        [Structures.DamageNoteFile] = (FileKind.DamageNote, Structures.DamageNote),
    };

    public static bool Knows(string structure) =>
        structure == Structures.ParityHead
        || Files.ContainsKey(structure) || Files.Values.Any(file => file.Plain == structure);

    public static void Add(Dictionary<string, string> fields, string structure, byte[] bytes)
    {
        if (structure == Structures.ParityHead)
        {
            ParityFields.Add(fields, bytes);
            return;
        }

        if (!Files.TryGetValue(structure, out (FileKind Kind, string Plain) file))
        {
            AddPlain(fields, structure, bytes);
            return;
        }

        FileHeader header = FileHeader.Read(bytes);
        fields["file kind"] = Number((long)header.Kind);
        fields["file name"] = header.Name;
        fields["repository"] = header.Repository.ToString();
        AddPlain(fields, file.Plain, RecordFile.Read(bytes, file.Kind, header.Repository, header.Name));
    }

    public static byte[] Rewrite(string structure, byte[] bytes)
    {
        if (structure == Structures.ParityHead)
        {
            return ParityFields.Rewrite(bytes);
        }

        if (!Files.TryGetValue(structure, out (FileKind Kind, string Plain) file))
        {
            return RewritePlain(structure, bytes);
        }

        FileHeader header = FileHeader.Read(bytes);
        byte[] plain = RecordFile.Read(bytes, file.Kind, header.Repository, header.Name);
        return RecordFile.Write(header, RewritePlain(file.Plain, plain), Compression.None);
    }

    private static void AddPlain(Dictionary<string, string> fields, string structure, byte[] plain)
    {
        if (structure == Structures.CollectionSet)
        {
            AddSet(fields, CollectionSet.Read(plain));
        }
        else if (structure == Structures.PruneMark)
        {
            PruneMark mark = PruneMark.Read(plain);
            fields["time"] = Number(mark.Time.ToUnixTimeMilliseconds());
            fields["host"] = mark.Host;
            fields["why"] = mark.Why;
        }
        else if (structure == Structures.Pin)
        {
            Pin pin = Pin.Read(plain);
            fields["until"] = pin.ImmutableUntil is { } until ? Number(until.ToUnixTimeMilliseconds()) : "removed";
            fields["made"] = Number(pin.Made.ToUnixTimeMilliseconds());
            fields["host"] = pin.Host;
        }
        else if (structure == Structures.VerifiedNote)
        {
            AddNote(fields, VerifiedNote.Read(plain));
        }
        else if (structure == Structures.DamageNote)
        {
            AddNote(fields, DamageNote.Read(plain));
        }
        else
        {
            SignOfLife sign = SignOfLife.Read(plain);
            fields["counter"] = Number(sign.Counter);
            fields["time"] = Number(sign.Time.ToUnixTimeMilliseconds());
        }
    }

    private static void AddSet(Dictionary<string, string> fields, CollectionSet set)
    {
        fields["number"] = Number(set.Number);
        foreach ((int index, SessionId point) in set.Points.Index())
        {
            fields[$"point {index}"] = point.ToString();
        }

        foreach ((int index, PackName pack) in set.Packs.Index())
        {
            fields[$"pack {index}"] = pack.BlobName;
        }
    }

    private static void AddNote(Dictionary<string, string> fields, VerifiedNote note)
    {
        fields["run"] = Number(note.Run);
        fields["structure run"] = Number(note.StructureRun);
        fields["structure time"] = Number(note.StructureTime.ToUnixTimeMilliseconds());
        fields["start"] = note.Start.ToString(CultureInfo.InvariantCulture);
        fields["cursor"] = note.Cursor.ToString(CultureInfo.InvariantCulture);
        fields["done"] = Number(note.DoneShare);
        foreach ((int index, VerifiedSlice slice) in note.Slices.Index())
        {
            string start = slice.Start.ToString(CultureInfo.InvariantCulture);
            fields[$"slice {index}"] = $"{start} {slice.Run} {slice.Time.ToUnixTimeMilliseconds()}";
        }

        foreach ((int index, SeenSession seen) in note.Sessions.Index())
        {
            fields[$"session {index}"] = $"{seen.Session} {seen.Run}";
        }
    }

    private static void AddNote(Dictionary<string, string> fields, DamageNote note)
    {
        fields["made"] = Number(note.Made.ToUnixTimeMilliseconds());
        fields["host"] = note.Host;
        foreach ((int index, DamagedPlace place) in note.Places.Index())
        {
            fields[$"place {index}"] = string.Create(
                CultureInfo.InvariantCulture,
                $"{place.BlobName} {place.OffsetBytes} {place.LengthBytes} {(int)place.Type} {(int)place.State} "
                + $"{place.Id}");
        }
    }

    private static byte[] RewritePlain(string structure, byte[] plain) => structure switch
    {
        Structures.CollectionSet => CollectionSet.Read(plain).Write(),
        Structures.PruneMark => PruneMark.Read(plain).Write(),
        Structures.Pin => Pin.Read(plain).Write(),
        Structures.VerifiedNote => VerifiedNote.Read(plain).Write(),
        Structures.DamageNote => DamageNote.Read(plain).Write(),
        _ => SignOfLife.Read(plain).Write(),
    };

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
