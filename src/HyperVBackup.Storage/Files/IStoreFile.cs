namespace HyperVBackup.Storage.Files;

/// <summary>An open file. Reading is thread-safe; writing is for one thread at a time. Disposing closes it and
/// never throws.</summary>
public interface IStoreFile : IDisposable
{
    /// <returns>The count of bytes read, which may be less than asked anywhere; 0 only at the end.</returns>
    /// <exception cref="StoreException">The system refused.</exception>
    int Read(Span<byte> buffer, long offsetBytes);

    /// <summary>Writes all of <paramref name="bytes"/>, or throws.</summary>
    /// <exception cref="StoreException">The system refused; how much was written is not known.</exception>
    void Write(ReadOnlySpan<byte> bytes, long offsetBytes);

    /// <summary>Makes what was written survive a power loss (the bytes, not the name).</summary>
    /// <exception cref="StoreException">The system refused; what was written may be lost even if a later flush
    /// succeeds.</exception>
    void Flush();
}
