namespace HyperVBackup.Disks.Changes;

/// <summary>A text is not JSON, or has a single value too long to read. The message is half a sentence.</summary>
internal sealed class MalformedJsonException(string message, Exception? inner = null) : Exception(message, inner);
