using HyperVBackup.Storage.Files;

namespace HyperVBackup.Testing.Stores;

/// <summary>An open file of <see cref="RecordingFiles"/>; it can be read even after it was deleted.</summary>
internal sealed class RecordedFile(RecordingFiles files, int file, string path) : IStoreFile
{
    private bool isClosed;

    public int Read(Span<byte> buffer, long offsetBytes)
    {
        ObjectDisposedException.ThrowIf(isClosed, this);
        return files.Read(file, buffer, offsetBytes);
    }

    public void Write(ReadOnlySpan<byte> bytes, long offsetBytes)
    {
        ObjectDisposedException.ThrowIf(isClosed, this);
        files.Do(new FileOperation(FileOperationKind.Write, path, file)
        {
            OffsetBytes = offsetBytes,
            Bytes = bytes.ToArray(),
        });
    }

    public void Flush()
    {
        ObjectDisposedException.ThrowIf(isClosed, this);
        files.Do(new FileOperation(FileOperationKind.FlushFile, path, file));
    }

    public void Dispose()
    {
        if (!isClosed)
        {
            isClosed = true;
            files.Closed();
        }
    }
}
