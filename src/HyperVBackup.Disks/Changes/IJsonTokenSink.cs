using System.Text.Json;

namespace HyperVBackup.Disks.Changes;

/// <summary>Takes the tokens of a JSON text one by one.</summary>
internal interface IJsonTokenSink
{
    /// <summary>Looks at the token the reader stands on, and does not move it.</summary>
    void Take(ref Utf8JsonReader token);
}
