namespace HyperVBackup.Disks.Tests.Changes;

/// <summary>Gives a few bytes at each read, and a read error in place of the end if asked to.</summary>
internal sealed class PiecewiseStream(byte[] bytes, int pieceBytes, bool failsAtEnd = false) : MemoryStream(bytes)
{
    public override int Read(byte[] buffer, int offset, int count)
    {
        if (failsAtEnd && Position == Length)
        {
            throw new IOException("the disk is gone");
        }
        return base.Read(buffer, offset, Math.Min(count, pieceBytes));
    }
}
