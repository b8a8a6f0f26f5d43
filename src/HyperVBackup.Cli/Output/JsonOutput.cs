using System.Text.Json;

namespace HyperVBackup.Cli.Output;

/// <summary>Writes the one JSON document of a command to standard output.</summary>
internal static class JsonOutput
{
    private const int PieceBytes = 1 << 16;

    public static void Write(Action<Utf8JsonWriter> content)
    {
        using Stream output = Surroundings.Current.OpenOutput();
        using (Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
    }

    /// <summary>Writes an array of objects.</summary>
    public static void WriteArray<T>(
        this Utf8JsonWriter json, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> content)
    {
        json.WriteStartArray(name);
        foreach (T item in items)
        {
            json.WriteStartObject();
            content(json, item);
            json.WriteEndObject();
            if (json.BytesPending > PieceBytes)
            {
                json.Flush();
            }
        }

        json.WriteEndArray();
    }
}
