using System.Text.Json;

namespace HyperVBackup.Qemu.Qmp;

/// <summary>What a command returned, or the sentence with which it was refused.</summary>
internal readonly record struct QmpAnswer(JsonElement Result, string? Error);
