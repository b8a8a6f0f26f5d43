namespace HyperVBackup.Format.Tests.Vectors;

/// <summary>One example in repo-format/vectors/: good ones say what they hold, bad ones what is wrong.</summary>
/// <param name="File">Relative to the folder of vectors.</param>
/// <param name="Structure">Which reader it is for; see <see cref="VectorReader"/>.</param>
/// <param name="Fields">What a good one holds; null in bad ones.</param>
/// <param name="Complaint">What a reader says of a bad one; null in good ones.</param>
internal sealed record Vector(
    string File, string Structure, byte[] Bytes, IReadOnlyDictionary<string, string>? Fields, string? Complaint);
