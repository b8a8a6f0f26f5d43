using HyperVBackup.Format;
using HyperVBackup.Storage;

namespace HyperVBackup.Repository.Packs;

/// <summary>A pack's header or footer is not good.</summary>
internal sealed class PackDamagedException(string file, long offsetBytes, CorruptDataException complaint)
    : Exception(complaint.In(file, offsetBytes).Message, complaint)
{
    public long OffsetBytes => offsetBytes;

    /// <summary>The store could not read it, now; it may be good all the same.</summary>
    public bool IsUnreadable => complaint.InnerException is StoreException;

    /// <summary>What is wrong, without file and offset.</summary>
    public string What => complaint.Message;
}
